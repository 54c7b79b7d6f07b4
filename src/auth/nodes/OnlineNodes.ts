import { Context, type Effect } from "effect"
import type { NodeId } from "../../domain/Identifiers.ts"

/** A port to whoever holds the nodes' connections: the proxy. */
export class OnlineNodes extends Context.Tag("mezite/auth/OnlineNodes")<
  OnlineNodes,
  {
    /** The nodes that are connected now, to any hub. */
    readonly online: Effect.Effect<ReadonlySet<NodeId>>
  }
>() {}
