import { Schema } from "effect"

/** What is played or exported can't be written any more. */
export class OutputLost extends Schema.TaggedError<OutputLost>()("OutputLost", {
  message: Schema.String,
  /** Whoever read it has stopped reading (EPIPE): nothing to complain about. */
  closed: Schema.Boolean,
}) {}
