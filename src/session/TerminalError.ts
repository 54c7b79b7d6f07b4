import { Schema } from "effect"

/** A terminal could not be had, or was lost; the message is for the user. */
export class TerminalError extends Schema.TaggedError<TerminalError>()("TerminalError", {
  message: Schema.String,
  cause: Schema.optional(Schema.Defect),
}) {}
