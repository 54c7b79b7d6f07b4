import { Effect, FiberMap, FiberSet, Schedule } from "effect"
import { type HubAddress, showHubAddress } from "../../api/HubAddress.ts"
import type { ClusterHubs } from "../../api/transport/TunnelMessages.ts"
import type { HubOrders } from "../../node/access/HubOrders.ts"
import type { HubLink } from "../../node/hub/HubLink.ts"
import { ClientWay } from "../../session/ClientWay.ts"
import type { KnownHubs } from "./KnownHubs.ts"
import type { NodeRejected } from "./NodeRejected.ts"
import { type ConnectionHandler, runTunnelClient, type TunnelClientOptions } from "./TunnelClient.ts"

export interface HubTunnelsOptions extends Pick<TunnelClientOptions, "token"> {
  readonly hubs: KnownHubs
  readonly trustFor: (hub: HubAddress) => HubLink["trust"]
  readonly orders: HubOrders
  /** Run each time that a hub has taken this node. */
  readonly onOnline: Effect.Effect<void>
  /** Keeps what a hub said of the cluster's hubs, for the next start. */
  readonly onHubs: (told: ClusterHubs) => Effect.Effect<void>
}

/** How often hubs that are missing are looked for. */
const interval = "1 second"

/** Orders go with the hub that they come from. */
const from = (way: string, orders: HubOrders): HubOrders => {
  const by = Effect.provideService(ClientWay, way)
  return {
    lock: (locks) => by(orders.lock(locks)),
    gone: by(orders.gone),
    end: (target, reason) => by(orders.end(target, reason)),
    stopping: (endsIn) => by(orders.stopping(endsIn)),
    leave: (reason) => by(orders.leave(reason)),
  }
}

/**
 * Keeps this node connected to every hub of its cluster, for ever: to those whose addresses it was given, and to those that they
 * tell it of. Fails only where a hub rejects the node for good.
 */
export const runHubTunnels = Effect.fn("HubTunnels.run")(function* (
  options: HubTunnelsOptions,
  handler: ConnectionHandler,
) {
  const { hubs } = options
  const clients = yield* FiberMap.make<string, never, NodeRejected>()
  const keep = yield* FiberSet.makeRuntime<never>()

  const connect = (hub: HubAddress) => {
    const way = showHubAddress(hub)
    const client = runTunnelClient(
      {
        hub,
        trust: Effect.succeed(options.trustFor(hub)),
        token: options.token,
        orders: from(way, options.orders),
        onOnline: Effect.suspend(() => {
          hubs.connected(way)
          return options.onOnline
        }),
        onHubs: (told) => {
          hubs.told(way, told)
          keep(options.onHubs(told))
        },
        onOffline: Effect.sync(() => hubs.disconnected(way)),
        isWanted: Effect.sync(() => hubs.isWanted(way)),
      },
      (incoming) => Effect.provideService(handler(incoming), ClientWay, way),
    )
    return FiberMap.run(clients, way, client, { onlyIfMissing: true })
  }

  yield* Effect.forEach(hubs.given, connect, { discard: true })
  const fill = Effect.suspend(() => Effect.forEach(hubs.missing, connect, { discard: true }))
  yield* Effect.raceFirst(FiberMap.join(clients), Effect.repeat(fill, Schedule.spaced(interval)))
  return yield* Effect.never
}, Effect.scoped)
