import { Schema } from "effect"

/** The hub will not have this node any more, whatever it tries: it was removed, or its identity is not known. */
export class NodeRejected extends Schema.TaggedError<NodeRejected>()("NodeRejected", { message: Schema.String }) {}
