import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Chunk, Effect, Option, Stream } from "effect"
import type { AuditFilter } from "../AuditLog.ts"
import type { AuditRow } from "../AuditRow.ts"

const pageSize = 500

interface Cursor {
  /** Only older events than this one; null on the first page. */
  readonly before: number | null
  readonly left: number
}

/** The rows that the filter lets through, the newest first, one query per page (keyset: no page costs more than another). */
export const pages = (sql: SqlClient, filter: AuditFilter): Stream.Stream<AuditRow, SqlError> => {
  const matching = [
    ...(filter.type === null ? [] : [sql`type = ${filter.type}`]),
    ...(filter.user === null ? [] : [sql`user_name = ${filter.user}`]),
    ...(filter.sessionId === null ? [] : [sql`session_id = ${filter.sessionId}`]),
    ...(filter.sinceMs === null ? [] : [sql`time_ms >= ${filter.sinceMs}`]),
  ]
  const page = (oldest: number, { before, left }: Cursor) => {
    const bounds = [sql`seq >= ${oldest}`, ...(before === null ? [] : [sql`seq < ${before}`])]
    const limit = Math.min(pageSize, left)
    return Effect.map(
      sql<AuditRow>`SELECT * FROM audit_events WHERE ${sql.and([...matching, ...bounds])} ORDER BY seq DESC LIMIT ${limit}`,
      (rows) => {
        const last = rows.at(-1)
        const more = last !== undefined && rows.length === limit && left > limit
        const next = more
          ? Option.some<Cursor>({ before: Number(last.seq), left: left - limit })
          : Option.none<Cursor>()
        return [Chunk.unsafeFromArray(rows), next] as const
      },
    )
  }
  return Stream.unwrap(
    Effect.map(oldestSeq(sql, filter.sinceMs), (oldest) =>
      Stream.paginateChunkEffect<Cursor, AuditRow, SqlError, never>(
        { before: null, left: filter.limit ?? Number.POSITIVE_INFINITY },
        (cursor) => page(oldest, cursor),
      ),
    ),
  )
}

/** Where a listing by time may stop: without it, the last page would read the log to its beginning. */
const oldestSeq = (sql: SqlClient, sinceMs: number | null): Effect.Effect<number, SqlError> =>
  sinceMs === null
    ? Effect.succeed(1)
    : Effect.map(
        sql<{ seq: number | string | null }>`SELECT MIN(seq) AS seq FROM audit_events WHERE time_ms >= ${sinceMs}`,
        ([row]) => (row?.seq == null ? Number.MAX_SAFE_INTEGER : Number(row.seq)),
      )
