import { Clock, Duration, Effect, FiberSet, Option, Random, Schedule, type Scope } from "effect"
import type { BearerToken } from "../../api/BearerToken.ts"
import type { HubAddress } from "../../api/HubAddress.ts"
import { hubAuthority } from "../../api/HubAddress.ts"
import type { HubNotTrusted } from "../../api/HubNotTrusted.ts"
import type { HubTrust } from "../../api/HubTrust.ts"
import type { HubUnreachable } from "../../api/HubUnreachable.ts"
import { type OpenError, openWebSocket } from "../../api/transport/OpenWebSocket.ts"
import { type ClusterHubs, maxControlMessage, paths } from "../../api/transport/TunnelMessages.ts"
import type { HubOrders } from "../../node/access/HubOrders.ts"
import { reconnectDelay, stableAfter } from "../../node/hub/ReconnectDelay.ts"

import type { IncomingConnection } from "../../node/session/IncomingConnection.ts"
import { runControl } from "./internal/ControlConnection.ts"
import { makeTunnelPool } from "./internal/TunnelPool.ts"
import { NodeRejected } from "./NodeRejected.ts"

export interface TunnelClientOptions {
  readonly hub: HubAddress
  /** Asked before each attempt, so that a hub whose certificate was renewed (with the pinned key) is learnt anew. */
  readonly trust: Effect.Effect<HubTrust, HubUnreachable | HubNotTrusted>
  readonly token: Effect.Effect<BearerToken>
  /** How many tunnels wait for connections; default 2. */
  readonly warm?: number
  /** How many connections there may be at once; default 1024. */
  readonly maxConnections?: number
  readonly orders: HubOrders
  /** Called each time that the hub has taken this node. */
  readonly onOnline?: Effect.Effect<void>
  /** What the hub says of the cluster's hubs; in the very call. */
  readonly onHubs?: (told: ClusterHubs) => void
  /** Called each time that the connection is gone, or did not come about. */
  readonly onOffline?: Effect.Effect<void>
  /** Whether to try again, now or later; default: at once. */
  readonly isWanted?: Effect.Effect<boolean>
}

/** Serves one connection; the transport is cut when it ends, however it ends. */
export type ConnectionHandler = (connection: IncomingConnection) => Effect.Effect<void, never, Scope.Scope>

/** How often one that is not wanted looks whether it is. */
const wantedAgain = Schedule.spaced("1 second")

/** What lives on when the control connection is gone: connections in use, and what the hub ordered. */
interface Outliving {
  readonly connections: FiberSet.FiberSet<void>
  readonly obeying: FiberSet.FiberSet<void>
}

/** One life of the control connection, from dialling to its end. */
const connectOnce = Effect.fn("TunnelClient.connect")(function* (
  options: TunnelClientOptions,
  handler: ConnectionHandler,
  { connections, obeying }: Outliving,
): Effect.fn.Return<string, OpenError | NodeRejected, Scope.Scope> {
  const trust = yield* options.trust
  const dial = (path: string, maxPayload: number) =>
    Effect.flatMap(options.token, (token) =>
      openWebSocket({ hub: options.hub, trust, path, token: Option.some(token), maxPayload }),
    )
  const control = yield* dial(paths.control, maxControlMessage)
  const pool = yield* makeTunnelPool({ ...options, dial, handler, connections })
  const welcomed = Effect.logInfo("online").pipe(Effect.zipRight(options.onOnline ?? Effect.void))
  const fork = yield* FiberSet.makeRuntime<never>()
  const obey = yield* FiberSet.runtime(obeying)<never>()
  const end = yield* runControl(control, {
    welcome: (heartbeat) => {
      pool.begin(heartbeat)
      fork(welcomed)
    },
    dial: pool.dial,
    lock: (locks) => obey(options.orders.lock(locks)),
    end: (target, reason) => obey(options.orders.end(target, reason)),
    hubs: (told) => options.onHubs?.(told),
    stopping: (endsInMs) => obey(options.orders.stopping(Duration.millis(endsInMs))),
  })
  return end.removed ? yield* new NodeRejected({ message: end.reason }) : end.reason
})

/** The hub's own 403 says that trying again is of no use; everything else may pass. */
const fatal = (error: OpenError | NodeRejected): Effect.Effect<string, NodeRejected> => {
  if (error._tag === "NodeRejected") return Effect.fail(error)
  return error._tag === "HubRefused" && error.byHub && error.status === 403
    ? Effect.fail(new NodeRejected({ message: error.message }))
    : Effect.succeed(error.message)
}

/**
 * Keeps this node connected to a hub, for ever: a connection that fails or breaks off is tried again, after
 * `reconnectDelay`. Fails only where the hub rejects the node for good. Connections in use outlive the control
 * connection; they, and everything else, end with the fiber that runs this.
 */
export const runTunnelClient = Effect.fn("TunnelClient.run")(function* (
  options: TunnelClientOptions,
  handler: ConnectionHandler,
): Effect.fn.Return<never, NodeRejected> {
  return yield* Effect.gen(function* () {
    const outliving = { connections: yield* FiberSet.make<void>(), obeying: yield* FiberSet.make<void>() }
    let failures = 0
    while (true) {
      const startedAt = yield* Clock.currentTimeMillis
      const reason = yield* Effect.scoped(connectOnce(options, handler, outliving)).pipe(
        Effect.catchAll(fatal),
        // While connections still stand, so that those at the other end read why.
        Effect.tapError(({ message }) => options.orders.leave(message)),
      )
      yield* Effect.zipRight(options.orders.gone, options.onOffline ?? Effect.void)
      const heldMs = (yield* Clock.currentTimeMillis) - startedAt
      failures = heldMs >= Duration.toMillis(stableAfter) ? 0 : failures
      const delay = reconnectDelay(failures, yield* Random.next)
      failures += 1
      yield* Effect.logWarning("not connected to the hub; trying again").pipe(
        Effect.annotateLogs({ reason, in: Duration.format(delay) }),
      )
      yield* Effect.sleep(delay)
      yield* Effect.repeat(options.isWanted ?? Effect.succeed(true), { until: (so) => so, schedule: wantedAgain })
    }
  }).pipe(Effect.scoped, Effect.annotateLogs({ hub: hubAuthority(options.hub) }))
})
