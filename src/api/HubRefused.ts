import { Schema } from "effect"

/** The hub answered, and declined: its HTTP status, and its own words. */
export class HubRefused extends Schema.TaggedError<HubRefused>()("HubRefused", {
  status: Schema.Int,
  message: Schema.String,
}) {}
