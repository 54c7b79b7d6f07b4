import { Effect, Schedule } from "effect"
import {
  type ConnectionHandler,
  runTunnelClient,
  type TunnelClientOptions,
} from "../../src/agent/tunnel/TunnelClient.ts"
import type { HubOrders } from "../../src/node/access/HubOrders.ts"
import { nodeId, nodeToken, type TestHub } from "./TestHub.ts"

/** Gives every byte back, and ends when the other side does. */
export const echo: ConnectionHandler = ({ transport }) =>
  Effect.async((resume) => {
    transport.pipe(transport)
    transport.once("close", () => resume(Effect.void))
  })

/** Waits until `check` says yes; fails after 10 s. */
export const eventually = (what: string, check: Effect.Effect<boolean>): Effect.Effect<void> =>
  check.pipe(
    Effect.filterOrFail((yes) => yes),
    Effect.retry(Schedule.spaced("10 millis")),
    Effect.timeoutFail({ duration: "10 seconds", onTimeout: () => new Error(`never happened: ${what}`) }),
    Effect.orDie,
  )

export const isOnline = (hub: TestHub) => Effect.map(hub.tunnels.online, (ids) => ids.has(nodeId))

const unheard: HubOrders = {
  lock: () => Effect.void,
  gone: Effect.void,
  end: () => Effect.void,
  stopping: () => Effect.void,
  leave: () => Effect.void,
}

/** An agent of node web-1 in a fiber of its own; ended with the scope. */
export const startAgent = (
  hub: Pick<TestHub, "address" | "trust">,
  handler: ConnectionHandler = echo,
  options: Partial<TunnelClientOptions> = {},
) =>
  Effect.forkScoped(
    runTunnelClient(
      { hub: hub.address, trust: Effect.succeed(hub.trust), token: nodeToken(), orders: unheard, ...options },
      handler,
    ),
  )

/** A hub's agent that is connected. */
export const onlineAgent = (hub: TestHub, handler: ConnectionHandler = echo) =>
  Effect.zipLeft(startAgent(hub, handler), eventually("the agent is online", isOnline(hub)))
