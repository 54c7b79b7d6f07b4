import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Context, Effect, Layer, Option, Stream } from "effect"
import { Conflict, NotFound } from "../../api/ApiError.ts"
import type { Session } from "../../api/ClusterRpcs.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import type { HeldElsewhere } from "../hubs/HeldElsewhere.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { Recordings } from "../recordings/Recordings.ts"
import { type SessionFilter, sessionPages } from "./internal/sessionPages.ts"

import { sessionEnd, sessionStart, sessionTerminate } from "./SessionEvents.ts"
import {
  agentLostReason,
  type EndedSession,
  type EndingSession,
  type EndOrder,
  endedColumns,
  isLost,
  isSameSession,
  type OrderedSessions,
  resumedColumns,
  type SessionRow,
  shownSession,
  startedRow,
} from "./SessionRecord.ts"

const unknown = (sessionId: string) => new NotFound({ message: `there is no session ${sessionId}` })

/** As many are asked for in one statement. */
const atOnce = 500

const columnOf = { user: "user_name", node: "node", login: "login", session: "session_id" } as const

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const recordings = yield* Recordings
  const [hubs, { id: hubId }] = [yield* SessionHubs, yield* Hubs]

  const get = Effect.fn("Sessions.get")(function* (sessionId: string) {
    const [row] = yield* sql<SessionRow>`SELECT * FROM sessions WHERE session_id = ${sessionId}`
    return Option.fromNullable(row)
  })

  const resume = (sessionId: string) =>
    sql`UPDATE sessions SET ${sql.update(resumedColumns)} WHERE session_id = ${sessionId}`

  const started = Effect.fn("Sessions.started")(function* (info: SessionInfo) {
    const row = startedRow(info)
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        const inserted = yield* sql`
          INSERT INTO sessions ${sql.insert({ ...row })} ON CONFLICT (session_id) DO NOTHING RETURNING session_id`
        if (inserted.length === 1) {
          yield* audit.append(sessionStart(row, info))
          return "started" as const
        }
        const known = yield* get(info.sessionId)
        if (Option.exists(known, (other) => isSameSession(other, row))) {
          if (Option.exists(known, isLost)) yield* resume(info.sessionId)
          return "known" as const
        }
        return yield* new Conflict({ message: `the session id ${info.sessionId} is another session's` })
      }),
    )
  })

  const end = Effect.fnUntraced(function* (ended: EndedSession, row: SessionRow) {
    const columns = endedColumns(row, ended)
    const same = ended.recording === null || row.recording_digest === ended.recording.digest
    // Also of one that is known: it may have been brought anew, after a hub lost it.
    if (ended.recording !== null) yield* recordings.kept(row.session_id, ended.frames)
    if (row.status !== "active" && same) return "known" as const
    yield* sql`UPDATE sessions SET ${sql.update(columns)} WHERE session_id = ${row.session_id}`
    const first = row.end_audited === 0
    if (first) yield* audit.append(sessionEnd(row, ended))
    return first ? ("ended" as const) : ("completed" as const)
  })

  const ended = Effect.fn("Sessions.ended")(function* (session: EndedSession) {
    const stored = sql.withTransaction(
      Effect.gen(function* () {
        // Takes the row's lock: of two ends at once, the second finds what the first wrote.
        const [row] = yield* sql<SessionRow>`
          UPDATE sessions SET reason = reason WHERE session_id = ${session.sessionId} RETURNING *`
        if (row === undefined) return yield* unknown(session.sessionId)
        return yield* end(session, row)
      }),
    )
    return yield* session.recording === null ? stored : hubs.whileHeld(session.sessionId, stored)
  })

  const orderEnd = Effect.fn("Sessions.orderEnd")(function* (which: OrderedSessions, { by, reason }: EndOrder) {
    yield* sql`UPDATE sessions SET ended_by = ${by}, end_order = ${reason}
      WHERE ${sql(columnOf[which.kind])} = ${which.name} AND ended_ms IS NULL AND ended_by IS NULL`
  })

  const terminate = Effect.fn("Sessions.terminate")(function* (sessionId: SessionId, order: EndOrder) {
    const ordered = Effect.gen(function* () {
      const row = yield* Effect.flatMap(
        get(sessionId),
        Option.match({ onNone: () => unknown(sessionId), onSome: Effect.succeed }),
      )
      if (row.ended_ms !== null) {
        const endedAt = new Date(Number(row.ended_ms)).toISOString()
        return yield* new Conflict({ message: `session ${sessionId} is over: it ended at ${endedAt}` })
      }
      yield* orderEnd({ kind: "session", name: sessionId }, order)
      yield* audit.append(sessionTerminate(row, order))
      return row
    })
    return yield* sql.withTransaction(ordered)
  })

  const ending = sql<EndingSession>`
    SELECT session_id, node, end_order FROM sessions WHERE ended_by IS NOT NULL AND ended_ms IS NULL`

  const activeHere = sql<Pick<SessionRow, "session_id" | "mode">>`
    SELECT sessions.session_id, mode FROM sessions
    LEFT JOIN session_hubs ON session_hubs.session_id = sessions.session_id
    WHERE status = ${"active"} AND (hub_id IS NULL OR hub_id = ${hubId})`

  const revive = (sessionIds: ReadonlyArray<SessionId>) =>
    sql<Pick<SessionRow, "session_id">>`
      UPDATE sessions SET ${sql.update(resumedColumns)}
      WHERE session_id IN ${sql.in(sessionIds)} AND status <> ${"active"} AND reason = ${agentLostReason}
        AND EXISTS (SELECT 1 FROM session_hubs
          WHERE session_hubs.session_id = sessions.session_id AND hub_id = ${hubId})
      RETURNING session_id`

  const running = Effect.fn("Sessions.running")(function* (sessionIds: ReadonlyArray<SessionId>) {
    const revived = yield* Effect.forEach(Arr.chunksOf(sessionIds, atOnce), revive)
    return revived.flatMap((rows) => rows.map(({ session_id }) => session_id))
  })

  const list = (filter: SessionFilter): Stream.Stream<Session, SqlError> =>
    Stream.map(sessionPages(sql, filter), (row: SessionRow) => shownSession(row))

  return { started, ended, orderEnd, terminate, ending, activeHere, running, get, list }
})

/** The sessions of the cluster. A session's row and its audit events are stored together or not at all. */
export class Sessions extends Context.Tag("mezite/auth/Sessions")<
  Sessions,
  {
    /**
     * Stores that a session began, and `session.start`. `known`: it was stored before; if it had been ended for want of its
     * agent, it runs again. `Conflict`: its id is that of another session. What `info` says must have been verified.
     */
    readonly started: (info: SessionInfo) => Effect.Effect<"started" | "known", Conflict | SqlError>
    /**
     * Stores that it is over, and `session.end`; its recording, where there is one, is kept by this hub and waits to be stored.
     * Told again it does nothing (`known`); told again with another recording, or of a session that ran again, that takes the place
     * of what was known before (`completed`), without another `session.end`.
     */
    readonly ended: (
      session: EndedSession,
    ) => Effect.Effect<"ended" | "completed" | "known", NotFound | HeldElsewhere | SqlError>
    /** Marks those that run: their nodes are told until they have ended. The first order stays. */
    readonly orderEnd: (which: OrderedSessions, order: EndOrder) => Effect.Effect<void, SqlError>
    /** Orders one session to end, and stores `session.terminate`. `Conflict`: it is over. */
    readonly terminate: (
      sessionId: SessionId,
      order: EndOrder,
    ) => Effect.Effect<SessionRow, NotFound | Conflict | SqlError>
    /** Those that run and were ordered to end. */
    readonly ending: Effect.Effect<ReadonlyArray<EndingSession>, SqlError>
    /** Those that run, and that no other hub has. */
    readonly activeHere: Effect.Effect<ReadonlyArray<Pick<SessionRow, "session_id" | "mode">>, SqlError>
    /**
     * Those do run, through this hub: what another took for lost meanwhile, the hub having been silent, is active again. Gives
     * those, unless another hub has them now.
     */
    readonly running: (sessionIds: ReadonlyArray<SessionId>) => Effect.Effect<ReadonlyArray<SessionId>, SqlError>
    readonly get: (sessionId: string) => Effect.Effect<Option.Option<SessionRow>, SqlError>
    /** The newest first, page by page. */
    readonly list: (filter: SessionFilter) => Stream.Stream<Session, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<
    Sessions,
    never,
    SqlClient.SqlClient | AuditLog | Recordings | SessionHubs | Hubs
  > = Layer.effect(Sessions, make)
}
