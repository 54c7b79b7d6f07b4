import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Chunk, Effect, Option, Stream } from "effect"
import type { AuditFilter } from "../AuditLog.ts"
import type { AuditRow } from "../AuditRow.ts"

const pageSize = 250

interface Cursor {
  /** Only what comes after this row in the listing; null on the first page. */
  readonly after: { readonly timeMs: number; readonly seq: number } | null
  readonly left: number
}

/**
 * The rows that the filter lets through, the newest first, one query per page. Each index holds the time, by which is listed and
 * paged (keyset), so that no page costs more than another, and the last one no more than those before.
 */
export const pages = (sql: SqlClient, filter: AuditFilter): Stream.Stream<AuditRow, SqlError> => {
  const matching = [
    sql`time_ms >= ${filter.sinceMs ?? 0}`,
    ...(filter.type === null ? [] : [sql`type = ${filter.type}`]),
    ...(filter.user === null ? [] : [sql`user_name = ${filter.user}`]),
    ...(filter.sessionId === null ? [] : [sql`session_id = ${filter.sessionId}`]),
    ...(filter.node === null ? [] : [sql`node = ${filter.node}`]),
  ]
  const page = ({ after, left }: Cursor) => {
    const rest = after === null ? matching : [...matching, sql`(time_ms, seq) < (${after.timeMs}, ${after.seq})`]
    const limit = Math.min(pageSize, left)
    return Effect.map(
      sql<AuditRow>`
        SELECT * FROM audit_events WHERE ${sql.and(rest)} ORDER BY time_ms DESC, seq DESC LIMIT ${limit}`,
      (rows) => {
        const last = rows.at(-1)
        const more = last !== undefined && rows.length === limit && left > limit
        const next = more
          ? Option.some<Cursor>({
              after: { timeMs: Number(last.time_ms), seq: Number(last.seq) },
              left: left - limit,
            })
          : Option.none<Cursor>()
        return [Chunk.unsafeFromArray(rows), next] as const
      },
    )
  }
  return Stream.paginateChunkEffect<Cursor, AuditRow, SqlError, never>(
    { after: null, left: filter.limit ?? Number.POSITIVE_INFINITY },
    page,
  )
}
