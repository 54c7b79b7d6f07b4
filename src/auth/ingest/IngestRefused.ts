import { Schema } from "effect"

/**
 * A recording is not taken in; the message is for the agent, and through it for the user.
 * - `unauthenticated`, `denied`: who sends it may not;
 * - `invalid`: it is no recording that could be;
 * - `superseded`: another stream of the same node goes on with it;
 * - `unavailable`: the hub cannot now, and the agent shall try again.
 */
export class IngestRefused extends Schema.TaggedError<IngestRefused>()("IngestRefused", {
  reason: Schema.Literal("unauthenticated", "denied", "invalid", "superseded", "unavailable"),
  message: Schema.String,
}) {}
