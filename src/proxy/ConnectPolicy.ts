import { Context, type Effect, type Option, Schema } from "effect"
import type { AccessGrant } from "../domain/AccessGrant.ts"
import type { NodeId, NodeName } from "../domain/Identifiers.ts"
import type { HubStopping } from "./Admission.ts"
import type { UserIdentity } from "./UserAuthenticator.ts"

/** There is no such node, or none that this user may know of. */
export class NodeUnknown extends Schema.TaggedError<NodeUnknown>()("NodeUnknown", { message: Schema.String }) {}

/** The user may not reach this node. */
export class ConnectForbidden extends Schema.TaggedError<ConnectForbidden>()("ConnectForbidden", {
  message: Schema.String,
}) {}

/** The node that a user meant, and what the user may do there. */
export interface ReachableNode {
  readonly node: NodeName
  readonly grant: AccessGrant
  /** Of a node without an agent, which this hub serves itself. */
  readonly agentless: Option.Option<NodeId>
}

/** Decides which nodes a user may reach, and for what; the node holds the grant against the user's certificate. */
export class ConnectPolicy extends Context.Tag("mezite/proxy/ConnectPolicy")<
  ConnectPolicy,
  {
    /** `target` is what the user wrote: `web-1`, or `web-1.CLUSTER` (see `nodeOfTarget`). */
    readonly resolve: (
      user: UserIdentity,
      target: string,
    ) => Effect.Effect<ReachableNode, NodeUnknown | ConnectForbidden | HubStopping>
  }
>() {}
