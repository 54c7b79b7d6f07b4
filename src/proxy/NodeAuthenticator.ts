import { Context, type Effect, Schema } from "effect"
import type { BearerToken } from "../api/BearerToken.ts"
import type { Identity } from "../api/Identity.ts"

export type NodeIdentity = Extract<Identity, { readonly _tag: "Node" }>

/** Not one of our nodes. */
export class NodeRefused extends Schema.TaggedError<NodeRefused>()("NodeRefused", {
  message: Schema.String,
  /** Trying again is of no use: the node was removed, or its key is another. */
  permanent: Schema.Boolean,
}) {}

/** Tells by its bearer token which node it is that calls. */
export class NodeAuthenticator extends Context.Tag("mezite/proxy/NodeAuthenticator")<
  NodeAuthenticator,
  { readonly authenticate: (token: BearerToken) => Effect.Effect<NodeIdentity, NodeRefused> }
>() {}
