import type { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Layer, Schedule } from "effect"
import { Users } from "../identities/Users.ts"
import { Locks } from "../locks/Locks.ts"
import { Nodes } from "../nodes/Nodes.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { Enforcement } from "./Enforcement.ts"

/** How old the picture may be that connections are held against. */
const interval = "1 second"

const make = Effect.gen(function* () {
  const enforcement = yield* Enforcement
  const [locks, users, nodes, sessions] = [yield* Locks, yield* Users, yield* Nodes, yield* Sessions]
  const oneAtATime = yield* Effect.makeSemaphore(1)

  const now = Effect.gen(function* () {
    yield* enforcement.hold(yield* locks.active)
    const connected = yield* enforcement.connected
    for (const { user, reason } of yield* users.shutOut(connected.users)) yield* enforcement.cutUser(user, reason)
    yield* Effect.forEach(yield* nodes.removed(connected.nodes), enforcement.cutNode, { discard: true })
    for (const { node, session_id, end_order } of yield* sessions.ending) {
      yield* enforcement.endSession(node, session_id, end_order)
    }
  }).pipe(oneAtATime.withPermits(1), Effect.withSpan("Enforcer.now"))

  yield* now.pipe(
    Effect.catchAllCause((cause) => Effect.logError("who is connected cannot be held against the database", cause)),
    Effect.repeat(Schedule.spaced(interval)),
    Effect.forkScoped,
  )
  return { now }
})

/**
 * Holds whoever is connected against the database, each second: locks, users who were removed or reset, nodes that were removed, sessions that were
 * ordered to end. It asks what is so and not what has changed: an order reaches also the node that was away when it was given,
 * a lock that expired lets go, and what another replica wrote counts.
 */
export class Enforcer extends Context.Tag("mezite/auth/Enforcer")<
  Enforcer,
  {
    /** The same at once. */
    readonly now: Effect.Effect<void, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Enforcer, never, Enforcement | Locks | Users | Nodes | Sessions> = Layer.scoped(
    Enforcer,
    make,
  )
}
