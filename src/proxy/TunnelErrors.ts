import { Schema } from "effect"

/** The node is not connected to this hub. */
export class NodeOffline extends Schema.TaggedError<NodeOffline>()("NodeOffline", {
  node: Schema.String,
  message: Schema.String,
}) {}

/** The node is connected, but did not dial back in time. */
export class TunnelTimeout extends Schema.TaggedError<TunnelTimeout>()("TunnelTimeout", {
  node: Schema.String,
  message: Schema.String,
}) {}
