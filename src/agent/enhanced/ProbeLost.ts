import { Schema } from "effect"

/** There is no enhanced recording (any more); the message is one line that says why, and how to mend it where that is known. */
export class ProbeLost extends Schema.TaggedError<ProbeLost>()("ProbeLost", {
  message: Schema.String,
}) {}
