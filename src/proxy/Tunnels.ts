import type { Duplex } from "node:stream"
import { Context, type Duration, Effect, Layer, type Scope } from "effect"
import type { WebSocket } from "ws"
import { defaultHeartbeat, type Heartbeat } from "../api/transport/Heartbeat.ts"
import type { ClusterHubs, EndTarget } from "../api/transport/TunnelMessages.ts"
import type { AccessGrant } from "../domain/AccessGrant.ts"
import type { NodeId, NodeName } from "../domain/Identifiers.ts"
import type { Lock } from "../domain/Lock.ts"
import { makeTunnels } from "./internal/MakeTunnels.ts"
import type { NodeIdentity } from "./NodeAuthenticator.ts"
import type { NodeOffline, TunnelTimeout } from "./TunnelErrors.ts"

/** What a node is told of a connection before its first byte. */
export interface ConnectionInfo {
  readonly connectionId: string
  /** `ADDRESS:PORT` of who connects. */
  readonly remoteAddress: string
  /** What the connection may be used for. */
  readonly grant: AccessGrant
}

export interface TunnelsOptions {
  readonly heartbeat: Heartbeat
  /** How long a node may take to dial back, in milliseconds. */
  readonly dialTimeoutMs: number
}

export const defaultTunnelsOptions: TunnelsOptions = { heartbeat: defaultHeartbeat, dialTimeoutMs: 10_000 }

/** The nodes that are connected to this hub, and the way to them. A node's identity stands for one node. */
export class Tunnels extends Context.Tag("mezite/proxy/Tunnels")<
  Tunnels,
  {
    /** A connection to a node's SSH server. It is announced to the node, and is cut with the scope. */
    readonly connect: (
      node: NodeName,
      about: ConnectionInfo,
    ) => Effect.Effect<Duplex, NodeOffline | TunnelTimeout, Scope.Scope>
    /** The same as a WebSocket whose binary messages are the bytes (`WebSocketDuplex` says how), for a relay. */
    readonly open: (
      node: NodeName,
      about: ConnectionInfo,
    ) => Effect.Effect<WebSocket, NodeOffline | TunnelTimeout, Scope.Scope>
    /** The nodes that are connected now. */
    readonly online: Effect.Effect<ReadonlySet<NodeId>>
    /** Tells all nodes which locks hold, now and when they connect; cutting off whoever is locked is the caller's. */
    readonly hold: (locks: ReadonlyArray<Lock>) => Effect.Effect<void>
    /** Tells all nodes, now and when they connect, which hubs the cluster has. */
    readonly knowHubs: (hubs: ClusterHubs) => Effect.Effect<void>
    /** Tells a node, or every one, to end something, and its users why. */
    readonly end: (target: EndTarget, reason: string, node?: NodeName) => Effect.Effect<void>
    /** Tells every node that the hub stops, and when it ends everything that goes through it. */
    readonly stopping: (endsIn: Duration.Duration) => Effect.Effect<void>
    /** Cuts off a node, and a moment later all its connections; it may come back when its authenticator lets it. */
    readonly shutOut: (node: NodeName, reason: string) => Effect.Effect<void>
    /** The same for a node that was removed, which is told not to come back. */
    readonly remove: (id: NodeId) => Effect.Effect<void>
    /** Takes over an agent's control connection, in place of an earlier one of the same node. */
    readonly addControl: (node: NodeIdentity, control: WebSocket) => Effect.Effect<void>
    /** Takes over a tunnel that an agent dialled back. */
    readonly addTunnel: (node: NodeIdentity, tunnel: WebSocket) => Effect.Effect<void>
  }
>() {
  /** Closing the layer's scope tells all agents that the hub goes away, and cuts all connections. */
  static readonly layer = (options: TunnelsOptions = defaultTunnelsOptions): Layer.Layer<Tunnels> =>
    Layer.scoped(Tunnels, Effect.map(makeTunnels(options), Tunnels.of))
}
