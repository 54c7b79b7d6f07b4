import { Schema } from "effect"

/** The hub did not let a connection to a node come about; the message says why, in the hub's words. */
export class ConnectError extends Schema.TaggedError<ConnectError>()("ConnectError", {
  /** `unauthenticated` and `forbidden` concern the user, the next three the node, `refused` is anything else. */
  reason: Schema.Literal("unauthenticated", "forbidden", "unknown-node", "offline", "timeout", "refused"),
  message: Schema.String,
}) {}
