import { Schema } from "effect"

/** The hub cannot be reached, or broke off: it is worth another try. */
export class HubUnreachable extends Schema.TaggedError<HubUnreachable>()("HubUnreachable", {
  message: Schema.String,
}) {}
