import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Context, Duration, Effect, Layer } from "effect"
import type { HubId, SessionId } from "../../domain/Identifiers.ts"
import { HeldElsewhere } from "./HeldElsewhere.ts"
import { Hubs } from "./Hubs.ts"
import { databaseNow } from "./internal/sharedDatabase.ts"

/** As many are looked for at once; the others are found when these are dealt with. */
const mostAbandoned = 200

/** As many are forgotten at once. */
const mostForgotten = 5_000

/** A session that runs, by what the database says, and the hub that has it. */
export interface AbandonedSession {
  readonly session_id: SessionId
  readonly started_ms: number | string
  readonly hub_id: HubId
}

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

  const abandoned = (silentFor: Duration.DurationInput) =>
    sql<AbandonedSession>`
      SELECT sessions.session_id, started_ms, hub_id FROM sessions
      JOIN session_hubs ON session_hubs.session_id = sessions.session_id LEFT JOIN hubs ON hubs.id = hub_id
      WHERE status = ${"active"} AND hub_id <> ${hubs.id}
        AND (seen_ms IS NULL OR seen_ms <= ${databaseNow(sql)} - ${Duration.toMillis(silentFor)})
      ORDER BY sessions.session_id LIMIT ${mostAbandoned}`

  const forget = Effect.fn("SessionHubs.forget")(function* (endedFor: Duration.DurationInput) {
    if (!hubs.shared) return
    yield* sql`DELETE FROM session_hubs WHERE session_id IN (
      SELECT session_hubs.session_id FROM session_hubs
      JOIN sessions ON sessions.session_id = session_hubs.session_id
      LEFT JOIN recordings ON recordings.session_id = session_hubs.session_id
      WHERE ended_ms < ${databaseNow(sql)} - ${Duration.toMillis(endedFor)}
        AND (state IS NULL OR ${sql.in("state", ["stored", "deleted"])}) LIMIT ${mostForgotten})`
  })

  const whileLost = <A, E, R>(
    sessionId: SessionId,
    silentFor: Duration.DurationInput,
    effect: Effect.Effect<A, E, R>,
  ) =>
    sql.withTransaction(
      Effect.gen(function* () {
        const [row] = yield* sql<Row>`
          UPDATE session_hubs SET hub_id = hub_id WHERE session_id = ${sessionId} RETURNING hub_id`
        if (row === undefined || (yield* hubs.isThere(row.hub_id, silentFor))) return
        yield* effect
      }),
    )

  return { take, holder, isHere, whileHeld, abandoned, whileLost, forget }
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
    /** Some of those that run and whose hub has been silent for so long: 200 at most. */
    readonly abandoned: (silentFor: Duration.DurationInput) => Effect.Effect<ReadonlyArray<AbandonedSession>, SqlError>
    /** Forgets whose those were that ended so long ago and of which no hub has anything more on its disk. */
    readonly forget: (endedFor: Duration.DurationInput) => Effect.Effect<void, SqlError>
    /** Does something, unless its hub, or another that took it, is there after all; in one transaction, until whose end nobody takes it. */
    readonly whileLost: <A, E, R>(
      sessionId: SessionId,
      silentFor: Duration.DurationInput,
      effect: Effect.Effect<A, E, R>,
    ) => Effect.Effect<void, E | SqlError, R>
  }
>() {
  static readonly layer: Layer.Layer<SessionHubs, never, SqlClient.SqlClient | Hubs> = Layer.effect(SessionHubs, make)
}
