import { Effect, FiberSet, Layer } from "effect"
import type { EndTarget } from "../../api/transport/TunnelMessages.ts"
import { Enforcement } from "../../auth/enforcement/Enforcement.ts"
import { RecordingIngest } from "../../auth/ingest/RecordingIngest.ts"
import type { NodeName, UserName } from "../../domain/Identifiers.ts"
import { type Lock, lockedMessage } from "../../domain/Lock.ts"
import { Gateways } from "../../proxy/agentless/Gateways.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { UserConnections } from "../../proxy/UserConnections.ts"

/** How long nodes have to tell a user why, before the user is cut off here. */
const grace = "1500 millis"

/** What auth needs of whoever holds the connections: the proxy, and the recording streams. */
export const enforcement = Layer.scoped(
  Enforcement,
  Effect.gen(function* () {
    const [tunnels, connections, ingest] = [yield* Tunnels, yield* UserConnections, yield* RecordingIngest]
    const gateways = yield* Gateways
    const nodes = Effect.zipWith(tunnels.online, gateways.served, (agents, served) => new Set([...agents, ...served]))
    const end = (target: EndTarget, reason: string, node?: NodeName) =>
      Effect.zipRight(tunnels.end(target, reason, node), gateways.end(target, reason, node))
    const fork = yield* FiberSet.makeRuntime<never>()
    /** What the user has open now, and no more: when that is cut, the user may be welcome again. */
    const cutSoon = Effect.fnUntraced(function* (user: UserName, reason: string) {
      const open = yield* connections.of(user)
      const cut = Effect.forEach(open, (connection) => connection.cut(reason), {
        concurrency: "unbounded",
        discard: true,
      })
      if (open.length > 0) fork(Effect.delay(cut, grace))
    })

    const cutOff = (lock: Lock): Effect.Effect<void> => {
      const reason = lockedMessage(lock)
      const { target } = lock
      if (target.kind === "user") return cutSoon(target.name, reason)
      // A login is known to the nodes alone: they have ended what uses it.
      return target.kind === "node" ? tunnels.shutOut(target.name, reason) : Effect.void
    }

    return {
      connected: Effect.all({ users: connections.users, nodes }),
      // Told before it is cut off, a node obeys the lock that concerns itself too.
      hold: (locks) =>
        Effect.all([tunnels.hold(locks), gateways.hold(locks), Effect.forEach(locks, cutOff)], { discard: true }),
      cutUser: (user, reason) => Effect.zipRight(end({ user }, reason), cutSoon(user, reason)),
      cutNode: (id) => Effect.all([tunnels.remove(id), gateways.remove(id), ingest.expel(id)], { discard: true }),
      endSession: (node, session_id, reason) => end({ session_id }, reason, node),
    }
  }),
)
