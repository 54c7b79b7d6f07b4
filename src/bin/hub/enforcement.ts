import { Effect, FiberSet, Layer } from "effect"
import { Enforcement } from "../../auth/enforcement/Enforcement.ts"
import { RecordingIngest } from "../../auth/ingest/RecordingIngest.ts"
import type { UserName } from "../../domain/Identifiers.ts"
import { type Lock, lockedMessage } from "../../domain/Lock.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { UserConnections } from "../../proxy/UserConnections.ts"

/** How long nodes have to tell a user why, before the user is cut off here. */
const grace = "1500 millis"

/** What auth needs of whoever holds the connections: the proxy, and the recording streams. */
export const enforcement = Layer.scoped(
  Enforcement,
  Effect.gen(function* () {
    const [tunnels, connections, ingest] = [yield* Tunnels, yield* UserConnections, yield* RecordingIngest]
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
      connected: Effect.all({ users: connections.users, nodes: tunnels.online }),
      // Told before it is cut off, a node obeys the lock that concerns itself too.
      hold: (locks) => Effect.zipRight(tunnels.hold(locks), Effect.forEach(locks, cutOff, { discard: true })),
      cutUser: (user, reason) => Effect.zipRight(tunnels.end({ user }, reason), cutSoon(user, reason)),
      cutNode: (id) => Effect.zipRight(tunnels.remove(id), ingest.expel(id)),
      endSession: (node, session_id, reason) => tunnels.end({ session_id }, reason, node),
    }
  }),
)
