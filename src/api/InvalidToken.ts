import { Schema } from "effect"

/** A bearer token that proves nothing; the message says why, and holds no part of it. */
export class InvalidToken extends Schema.TaggedError<InvalidToken>()("InvalidToken", {
  reason: Schema.Literal(
    "malformed",
    "expired",
    "premature",
    "long-lived",
    "audience",
    "signature",
    "unknown",
    "replayed",
  ),
  message: Schema.String,
}) {}
