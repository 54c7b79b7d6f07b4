import { Schema } from "effect"

/** What was asked for could not be done: the message says why and how to mend it. Exit code 1. */
export class CommandFailed extends Schema.TaggedError<CommandFailed>()("CommandFailed", { message: Schema.String }) {}
