import { Schema } from "effect"

/** A request that is turned down, with an HTTP status (RFC 9110) and a line for whoever asked. */
export class HttpRefusal extends Schema.TaggedError<HttpRefusal>()("HttpRefusal", {
  status: Schema.Int,
  message: Schema.String,
}) {}
