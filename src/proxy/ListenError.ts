import { Schema } from "effect"

/** The hub cannot listen at an address; the message names it, and the variable that sets it. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", { message: Schema.String }) {}
