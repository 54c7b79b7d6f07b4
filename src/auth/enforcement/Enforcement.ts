import { Context, type Effect } from "effect"
import type { NodeId, NodeName, SessionId, UserName } from "../../domain/Identifiers.ts"
import type { Lock } from "../../domain/Lock.ts"

/** Who is connected to this hub. */
export interface Connected {
  /** Users, and when the oldest connection of each began, in Unix milliseconds. */
  readonly users: ReadonlyMap<UserName, number>
  readonly nodes: ReadonlySet<NodeId>
}

/**
 * A port to whoever holds the connections of users and nodes: the proxy. All of it may be asked for again and again; what
 * is so already stays so. Users read why wherever they can be told, and are cut off soon after in any case.
 */
export class Enforcement extends Context.Tag("mezite/auth/Enforcement")<
  Enforcement,
  {
    readonly connected: Effect.Effect<Connected>
    /** These locks hold from now on, and no others: nodes are told, and whoever is locked is cut off. */
    readonly hold: (locks: ReadonlyArray<Lock>) => Effect.Effect<void>
    /** Ends what a user has open, on every node. */
    readonly cutUser: (user: UserName, reason: string) => Effect.Effect<void>
    /** Cuts off a node that was removed, for good: connections, tunnels and recording streams. */
    readonly cutNode: (node: NodeId) => Effect.Effect<void>
    /** Tells a node, where it is connected, to end a session. */
    readonly endSession: (node: NodeName, session: SessionId, reason: string) => Effect.Effect<void>
  }
>() {}
