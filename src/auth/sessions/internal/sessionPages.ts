import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Chunk, Effect, Option, Stream } from "effect"
import type { SessionScope } from "../../access/SessionScope.ts"
import type { SessionRow } from "../SessionRecord.ts"
import { inScope } from "./inScope.ts"

/** Which sessions to list; null where it doesn't matter. */
export interface SessionFilter {
  /** What whoever asks may see at all. */
  readonly scope: SessionScope
  readonly user: string | null
  readonly node: string | null
  /** Unix milliseconds; the earliest start that counts. */
  readonly sinceMs: number | null
  /** Only those that run now. */
  readonly active: boolean
}

const pageSize = 200

/** The rows that the filter lets through, the newest first, one query per page. */
export const sessionPages = (sql: SqlClient, filter: SessionFilter): Stream.Stream<SessionRow, SqlError> => {
  const matching = [
    ...inScope(sql, filter.scope),
    sql`started_ms >= ${filter.sinceMs ?? 0}`,
    ...(filter.user === null ? [] : [sql`user_name = ${filter.user}`]),
    ...(filter.node === null ? [] : [sql`node = ${filter.node}`]),
    ...(filter.active ? [sql`status = ${"active"}`] : []),
  ]
  const after = (last: Option.Option<SessionRow>) =>
    Option.match(last, {
      onNone: () => matching,
      onSome: ({ started_ms, session_id }) => [
        ...matching,
        sql`(started_ms < ${Number(started_ms)} OR (started_ms = ${Number(started_ms)} AND session_id < ${session_id}))`,
      ],
    })
  return Stream.paginateChunkEffect(Option.none<SessionRow>(), (last) =>
    Effect.map(
      sql<SessionRow>`SELECT * FROM sessions WHERE ${sql.and(after(last))}
        ORDER BY started_ms DESC, session_id DESC LIMIT ${pageSize}`,
      (rows) => {
        const cursor = rows.length === pageSize ? Option.fromNullable(rows.at(-1)) : Option.none<SessionRow>()
        return [Chunk.unsafeFromArray(rows), Option.map(cursor, Option.some)] as const
      },
    ),
  )
}
