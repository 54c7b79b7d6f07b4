import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Context, type Duration, Effect, Layer, Option } from "effect"
import type { HubId, SessionId } from "../../domain/Identifiers.ts"
import { HeldElsewhere } from "./HeldElsewhere.ts"
import { Hubs } from "./Hubs.ts"

interface Row {
  readonly hub_id: HubId
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const hubs = yield* Hubs

  const take = Effect.fn("SessionHubs.take")(function* (sessionId: SessionId) {
    if (!hubs.shared) return
    yield* sql`INSERT INTO session_hubs (session_id, hub_id) VALUES (${sessionId}, ${hubs.id})
      ON CONFLICT (session_id) DO UPDATE SET hub_id = excluded.hub_id`
  })

  const holder = Effect.fn("SessionHubs.holder")(function* (sessionId: SessionId) {
    if (!hubs.shared) return hubs.id
    const [row] = yield* sql<Row>`SELECT hub_id FROM session_hubs WHERE session_id = ${sessionId}`
    return row?.hub_id ?? hubs.id
  })

  /** Takes the row's lock: whoever wants to take the session waits until the transaction is over. */
  const lock = Effect.fnUntraced(function* (sessionId: SessionId) {
    const [row] = yield* sql<Row>`INSERT INTO session_hubs (session_id, hub_id) VALUES (${sessionId}, ${hubs.id})
      ON CONFLICT (session_id) DO UPDATE SET hub_id = session_hubs.hub_id RETURNING hub_id`
    if (row !== undefined && row.hub_id !== hubs.id) return yield* new HeldElsewhere({ sessionId, hub: row.hub_id })
  })

  const whileHeld = <A, E, R>(sessionId: SessionId, effect: Effect.Effect<A, E, R>) =>
    hubs.shared ? sql.withTransaction(Effect.zipRight(lock(sessionId), effect)) : effect

  const isHere = (sessionId: SessionId) => Effect.map(holder(sessionId), (hub) => hub === hubs.id)

  const lostWith = (sessionId: SessionId, silentFor: Duration.DurationInput) =>
    Effect.gen(function* () {
      const hub = yield* holder(sessionId)
      return (yield* hubs.isThere(hub, silentFor)) ? Option.none() : Option.some(hub)
    })

  return { take, holder, isHere, whileHeld, lostWith }
})

/**
 * Which hub has a session: the one that its agent is connected to with it, and on whose disk its recording is until it is stored.
 * An agent may go on with a session at another hub, which takes it; whatever the one before still does about it fails.
 */
export class SessionHubs extends Context.Tag("mezite/auth/SessionHubs")<
  SessionHubs,
  {
    /** From now on this hub has it. */
    readonly take: (sessionId: SessionId) => Effect.Effect<void, SqlError>
    /** The hub that has it; this one where nobody has taken it. */
    readonly holder: (sessionId: SessionId) => Effect.Effect<HubId, SqlError>
    readonly isHere: (sessionId: SessionId) => Effect.Effect<boolean, SqlError>
    /** Does something that only the hub that has it may do; in one transaction, until whose end nobody takes it. */
    readonly whileHeld: <A, E, R>(
      sessionId: SessionId,
      effect: Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | HeldElsewhere | SqlError, R>
    /** The hub that has it, where that has been silent for so long. */
    readonly lostWith: (
      sessionId: SessionId,
      silentFor: Duration.DurationInput,
    ) => Effect.Effect<Option.Option<HubId>, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<SessionHubs, never, SqlClient.SqlClient | Hubs> = Layer.effect(SessionHubs, make)
}
