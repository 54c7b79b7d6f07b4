import { Schema } from "effect"

/** The command line itself is wrong. Exit code 2. */
export class WrongUsage extends Schema.TaggedError<WrongUsage>()("WrongUsage", { message: Schema.String }) {}
