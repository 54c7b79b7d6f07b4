import { Schema } from "effect"

/** The command has said all it had to say, and ends with this exit code. */
export class ExitWith extends Schema.TaggedError<ExitWith>()("ExitWith", { code: Schema.Int }) {}
