import { Effect, FiberSet, Layer } from "effect"
import { Enforcement } from "../../auth/enforcement/Enforcement.ts"
import { RecordingIngest } from "../../auth/ingest/RecordingIngest.ts"
import { type Lock, lockedMessage } from "../../domain/Lock.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { UserConnections } from "../../proxy/UserConnections.ts"

/** How long nodes have to tell a user why, before the user is cut off here. */
const grace = "1500 millis"

/** What auth needs of whoever holds the connections: the proxy, and the recording streams. */
export const enforcement = Layer.scoped(
  Enforcement,
  Effect.gen(function* () {
    const [tunnels, users, ingest] = [yield* Tunnels, yield* UserConnections, yield* RecordingIngest]
    const fork = yield* FiberSet.makeRuntime<never>()
    const soon = (cut: Effect.Effect<void>) => Effect.sync(() => void fork(Effect.delay(cut, grace)))

    const cutOff = (lock: Lock): Effect.Effect<void> => {
      const reason = lockedMessage(lock)
      const { target } = lock
      if (target.kind === "user") return soon(users.cut(target.name, reason))
      // A login is known to the nodes alone: they have ended what uses it.
      return target.kind === "node" ? tunnels.shutOut(target.name, reason) : Effect.void
    }

    return {
      connected: Effect.all({ users: users.users, nodes: tunnels.online }),
      // Told before it is cut off, a node obeys the lock that concerns itself too.
      hold: (locks) => Effect.zipRight(tunnels.hold(locks), Effect.forEach(locks, cutOff, { discard: true })),
      cutUser: (user, reason) => Effect.zipRight(tunnels.end({ user }, reason), soon(users.cut(user, reason))),
      cutNode: (id) => Effect.zipRight(tunnels.remove(id), ingest.expel(id)),
      endSession: (node, session_id, reason) => tunnels.end({ session_id }, reason, node),
    }
  }),
)
