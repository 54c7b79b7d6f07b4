import { Effect, Option, Schema } from "effect"
import type { RawData, WebSocket } from "ws"

import { defaultHeartbeat, type Heartbeat, watchHeartbeat } from "../../../api/transport/Heartbeat.ts"
import { type ClusterHubs, ControlMessage, closeCode, type EndTarget } from "../../../api/transport/TunnelMessages.ts"
import type { Lock } from "../../../domain/Lock.ts"

/** How a control connection ended, and the hub's words. */
export interface ControlEnd {
  readonly removed: boolean
  readonly reason: string
}

const decode = Schema.decodeUnknownOption(ControlMessage)

const endOf = (code: number, reason: string): ControlEnd => ({
  removed: code === closeCode.removed,
  reason: reason === "" ? `the connection was closed with code ${code}` : reason,
})

const read = (data: RawData, isBinary: boolean) => (isBinary ? Option.none() : decode(data.toString()))

/**
 * Obeys the hub on an open control connection until that ends. A hub that says nothing for two and a half of its ping
 * intervals is taken for dead; `welcome` learns of these, for they hold for tunnels as well.
 */
export const runControl = (
  control: WebSocket,
  on: {
    readonly welcome: (heartbeat: Heartbeat) => void
    readonly dial: (tunnels: number) => void
    readonly lock: (locks: ReadonlyArray<Lock>) => void
    readonly end: (target: EndTarget, reason: string) => void
    readonly hubs: (told: ClusterHubs) => void
    readonly stopping: (endsInMs: number) => void
  },
): Effect.Effect<ControlEnd> =>
  Effect.async((resume) => {
    let stopWatching = watchHeartbeat(control, defaultHeartbeat)
    const watch = (pingIntervalMs: number): Heartbeat => {
      stopWatching()
      const intervalMs = Math.min(Math.max(pingIntervalMs, 50), 60_000)
      const heartbeat = { intervalMs, deadAfterMs: 2.5 * intervalMs }
      stopWatching = watchHeartbeat(control, heartbeat)
      return heartbeat
    }
    control.on("message", (data: RawData, isBinary: boolean) => {
      const message = Option.getOrUndefined(read(data, isBinary))
      if (message === undefined) return control.close(closeCode.policy, "a message that this agent does not know")
      switch (message.type) {
        case "dial":
          return on.dial(message.tunnels)
        case "locks":
          return on.lock(message.locks)
        case "end":
          return on.end(message.target, message.reason)
        case "hubs":
          return on.hubs(message)
        case "stopping":
          return on.stopping(message.ends_in_ms)
        case "welcome":
          on.lock(message.locks)
          return on.welcome(watch(message.ping_interval_ms))
      }
    })
    control.once("close", (code, reason) => resume(Effect.succeed(endOf(code, reason.toString()))))
    if (control.readyState === control.CLOSED) resume(Effect.succeed(endOf(1006, "")))
    control.resume()
  })
