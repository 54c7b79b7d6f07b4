import { Schema } from "effect"

/** A connection or a listener for a client cannot be had; the message is one line for the client. */
export class ForwardFailed extends Schema.TaggedError<ForwardFailed>()("ForwardFailed", { message: Schema.String }) {}
