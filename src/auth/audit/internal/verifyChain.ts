import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { type ChainHead, emptyChain, follow } from "../AuditChain.ts"
import { type AuditRow, chainedOf } from "../AuditRow.ts"

/** How many events hold, and the id of the first that doesn't, or a description where it is missing at the end. */
export interface AuditVerdict {
  readonly events: number
  readonly broken_at: string | null
}

const batchSize = 1_000

/** Walks the chain up to the head that it finds when it begins; appends go on meanwhile. */
export const verifyChain = (sql: SqlClient): Effect.Effect<AuditVerdict, SqlError> =>
  Effect.gen(function* () {
    const stored = yield* storedHead(sql)
    let head: ChainHead = emptyChain
    let lastId = "the beginning"
    while (true) {
      const rows = yield* sql<AuditRow>`
        SELECT * FROM audit_events WHERE seq > ${head.count} AND seq <= ${stored.count} ORDER BY seq LIMIT ${batchSize}`
      const last = rows.at(-1)
      if (last === undefined) break
      const step = follow(
        head,
        rows.map((row) => ({ event: chainedOf(row), digest: row.digest })),
      )
      if (step.brokenAt !== null) return { events: step.head.count, broken_at: step.brokenAt }
      head = step.head
      lastId = last.id
      yield* Effect.yieldNow()
    }
    return { events: head.count, broken_at: yield* endProblem(sql, head, stored, lastId) }
  }).pipe(Effect.withSpan("AuditLog.verify"))

const storedHead = (sql: SqlClient) =>
  Effect.map(
    sql<{ count: number | string; digest: string }>`SELECT count, digest FROM audit_head WHERE one = 1`,
    ([row]): ChainHead => (row === undefined ? emptyChain : { count: Number(row.count), digest: row.digest }),
  )

/** What is wrong after the last event that holds: a tail that was cut off, or one that the head doesn't know. */
const endProblem = (sql: SqlClient, head: ChainHead, stored: ChainHead, lastId: string) =>
  Effect.gen(function* () {
    if (head.count < stored.count) return `after ${lastId}: ${stored.count - head.count} events are missing`
    if (head.digest !== stored.digest) return lastId
    const now = yield* storedHead(sql)
    const [extra] = yield* sql<{ id: string }>`
      SELECT id FROM audit_events WHERE seq > ${now.count} ORDER BY seq LIMIT 1`
    return extra === undefined ? null : extra.id
  })
