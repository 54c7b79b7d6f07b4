import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { Conflict, NotFound } from "../../api/ApiError.ts"
import type { Session } from "../../api/ClusterRpcs.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { Recordings } from "../recordings/Recordings.ts"
import { type SessionFilter, sessionPages } from "./internal/sessionPages.ts"
import { sessionEnd, sessionStart } from "./SessionEvents.ts"
import {
  type EndedSession,
  endedColumns,
  isLost,
  resumedColumns,
  type SessionRow,
  shownSession,
  startedRow,
} from "./SessionRecord.ts"

const sameSession = (a: SessionRow, b: SessionRow) =>
  a.node === b.node &&
  a.user_name === b.user_name &&
  a.login === b.login &&
  Number(a.started_ms) === Number(b.started_ms)

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const recordings = yield* Recordings

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
        if (Option.exists(known, (other) => sameSession(other, row))) {
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
    if (row.status !== "active" && same) return "known" as const
    yield* sql`UPDATE sessions SET ${sql.update(columns)} WHERE session_id = ${row.session_id}`
    if (ended.recording !== null) yield* recordings.kept(row.session_id, ended.frames)
    const first = row.end_audited === 0
    if (first) yield* audit.append(sessionEnd(row, ended))
    return first ? ("ended" as const) : ("completed" as const)
  })

  const ended = Effect.fn("Sessions.ended")(function* (session: EndedSession) {
    return yield* sql.withTransaction(
      Effect.gen(function* () {
        // Takes the row's lock: of two ends at once, the second finds what the first wrote.
        const [row] = yield* sql<SessionRow>`
          UPDATE sessions SET reason = reason WHERE session_id = ${session.sessionId} RETURNING *`
        if (row === undefined) return yield* new NotFound({ message: `there is no session ${session.sessionId}` })
        return yield* end(session, row)
      }),
    )
  })

  const list = (filter: SessionFilter): Stream.Stream<Session, SqlError> =>
    Stream.map(sessionPages(sql, filter), (row: SessionRow) => shownSession(row))

  return { started, ended, get, list }
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
    readonly ended: (session: EndedSession) => Effect.Effect<"ended" | "completed" | "known", NotFound | SqlError>
    readonly get: (sessionId: string) => Effect.Effect<Option.Option<SessionRow>, SqlError>
    /** The newest first, page by page. */
    readonly list: (filter: SessionFilter) => Stream.Stream<Session, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Sessions, never, SqlClient.SqlClient | AuditLog | Recordings> = Layer.effect(
    Sessions,
    make,
  )
}
