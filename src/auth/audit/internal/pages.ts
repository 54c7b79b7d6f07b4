import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { Fragment } from "@effect/sql/Statement"
import { Chunk, Effect, Option, Stream } from "effect"
import type { AuditFilter } from "../AuditLog.ts"
import type { AuditRow } from "../AuditRow.ts"
import { nextTurn } from "./nextTurn.ts"

/** So many rows are read at a time. */
const pageSize = 250

/** So many rows are looked through at a time for words in their details: some milliseconds, in which a hub with SQLite does nothing else. */
const windowSize = 5_000

type Place = Pick<AuditRow, "time_ms" | "seq">

/** Some rows, in the order of the listing, and after which row it goes on; none where nothing is left. */
type Page = readonly [ReadonlyArray<AuditRow>, Option.Option<Place>]

const newestFirst = (sql: SqlClient) => sql`ORDER BY time_ms DESC, seq DESC`

const since = (sql: SqlClient, { sinceMs }: AuditFilter): Fragment => sql`time_ms >= ${sinceMs ?? 0}`

/** All but since when. */
const conditions = (sql: SqlClient, filter: AuditFilter, after: Option.Option<Place>): ReadonlyArray<Fragment> => [
  ...(filter.type === null ? [] : [sql`type = ${filter.type}`]),
  ...(filter.user === null ? [] : [sql`user_name = ${filter.user}`]),
  ...(filter.sessionId === null ? [] : [sql`session_id = ${filter.sessionId}`]),
  ...(filter.node === null ? [] : [sql`node = ${filter.node}`]),
  ...Option.match(after, {
    onNone: () => [],
    onSome: ({ time_ms, seq }) => [sql`(time_ms, seq) < (${Number(time_ms)}, ${Number(seq)})`],
  }),
]

/** The next rows. */
const nextRows = (sql: SqlClient, matching: ReadonlyArray<Fragment>, limit: number): Effect.Effect<Page, SqlError> =>
  Effect.map(
    sql<AuditRow>`SELECT * FROM audit_events WHERE ${sql.and(matching)} ${newestFirst(sql)} LIMIT ${limit}`,
    (rows) => [rows, rows.length < limit ? Option.none() : Option.fromNullable(rows.at(-1))],
  )

/** Of the next rows, as many as are looked through at a time, those with all these words. */
const nextWith = (
  sql: SqlClient,
  matching: ReadonlyArray<Fragment>,
  words: ReadonlyArray<string>,
  oldest: Fragment,
): Effect.Effect<Page, SqlError> =>
  Effect.gen(function* () {
    const [end] = yield* sql<Place>`
      SELECT time_ms, seq FROM audit_events WHERE ${sql.and([...matching, oldest])} ${newestFirst(sql)}
      LIMIT 1 OFFSET ${windowSize - 1}`
    // Instead of the oldest time: of two lower bounds SQLite looks up one only, and not the nearer one.
    const from = end === undefined ? oldest : sql`(time_ms, seq) >= (${Number(end.time_ms)}, ${Number(end.seq)})`
    const has = (word: string) =>
      sql.onDialectOrElse({
        pg: () => sql`strpos(detail, ${word}) > 0`,
        orElse: () => sql`instr(detail, ${word}) > 0`,
      })
    const rows = yield* sql<AuditRow>`
      SELECT * FROM audit_events WHERE ${sql.and([...matching, from, ...words.map(has)])} ${newestFirst(sql)}`
    return [rows, Option.fromNullable(end)]
  })

/**
 * The rows that the filter lets through and whose details have all these words, the newest first, a few at a time; whoever has enough
 * takes no more. Each index
 * holds the time, by which is listed and paged (keyset), so that no page costs more than another, and the last one no more than those before.
 */
export const pages = (
  sql: SqlClient,
  filter: AuditFilter,
  words: ReadonlyArray<string>,
): Stream.Stream<AuditRow, SqlError> => {
  const limit = Math.min(pageSize, filter.limit ?? pageSize)
  const page = (after: Option.Option<Place>) => {
    const [matching, oldest] = [conditions(sql, filter, after), since(sql, filter)]
    const next =
      words.length === 0 ? nextRows(sql, [...matching, oldest], limit) : nextWith(sql, matching, words, oldest)
    return next.pipe(
      Effect.map(([rows, end]) => [Chunk.unsafeFromArray(rows), Option.map(end, Option.some)] as const),
      Effect.zipLeft(nextTurn),
    )
  }
  return Stream.paginateChunkEffect(Option.none<Place>(), page)
}
