import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Chunk, Effect, Option, Stream } from "effect"
import type { SessionScope } from "../../access/SessionScope.ts"
import { inScope } from "../../sessions/internal/inScope.ts"
import type { ListedRecording } from "../RecordingInfo.ts"

/** Which recordings to list. */
export interface RecordingFilter {
  /** Those of sessions that whoever asks may see. */
  readonly scope: SessionScope
  /** Only those that are whole and not in their place yet. */
  readonly pending: boolean
  /** Only those that may not be deleted. */
  readonly held: boolean
}

const pageSize = 200

/** The recordings that the filter lets through, those of the newest sessions first, one query per page. */
export const recordingPages = (sql: SqlClient, filter: RecordingFilter): Stream.Stream<ListedRecording, SqlError> => {
  const matching = [
    ...inScope(sql, filter.scope),
    sql`recordings.session_id = sessions.session_id`,
    ...(filter.pending ? [sql`state = ${"kept"}`] : []),
    ...(filter.held ? [sql`held_ms IS NOT NULL`] : []),
  ]
  const after = ({ started_ms, session_id }: ListedRecording) =>
    sql`(started_ms < ${Number(started_ms)}
      OR (started_ms = ${Number(started_ms)} AND sessions.session_id < ${session_id}))`
  return Stream.paginateChunkEffect(Option.none<ListedRecording>(), (last) =>
    Effect.map(
      sql<ListedRecording>`
        SELECT recordings.*, user_name, node, login, started_ms, ended_ms, recording_bytes, recording_digest
        FROM sessions, recordings WHERE ${sql.and([...matching, ...Option.toArray(Option.map(last, after))])}
        ORDER BY started_ms DESC, sessions.session_id DESC LIMIT ${pageSize}`,
      (rows) => {
        const cursor = rows.length === pageSize ? Option.fromNullable(rows.at(-1)) : Option.none<ListedRecording>()
        return [Chunk.unsafeFromArray(rows), Option.map(cursor, Option.some)] as const
      },
    ),
  )
}
