import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Stream } from "effect"
import type { AuditEvent, AuditEventDraft, AuditEventType } from "../../domain/AuditEvent.ts"
import { digestOf } from "./AuditChain.ts"
import { type AuditRow, chain, eventOf, rowOf } from "./AuditRow.ts"
import { pages } from "./internal/pages.ts"
import { type AuditVerdict, verifyChain } from "./internal/verifyChain.ts"
import { ulid } from "./Ulid.ts"

/** Which events to list; null where it doesn't matter. */
export interface AuditFilter {
  readonly type: AuditEventType | null
  readonly user: string | null
  readonly sessionId: string | null
  /** Unix milliseconds; the oldest time that counts. */
  readonly sinceMs: number | null
  readonly limit: number | null
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  // The update comes first: it takes the head's lock, in both databases, so that appends go one after the other.
  const lockHead = sql<{ count: number | string; digest: string }>`
    UPDATE audit_head SET count = count + 1 WHERE one = 1 RETURNING count, digest`

  const append = Effect.fn("AuditLog.append")(function* (draft: AuditEventDraft) {
    const timeMs = yield* Clock.currentTimeMillis
    const id = ulid(timeMs)
    const appended = Effect.gen(function* () {
      const [head] = yield* lockHead
      if (head === undefined) return yield* Effect.dieMessage("the audit log has lost its head row")
      const event = chain(draft, Number(head.count), id, timeMs)
      const digest = digestOf(event, head.digest)
      yield* sql`INSERT INTO audit_events ${sql.insert({ ...rowOf(event, digest) })}`
      yield* sql`UPDATE audit_head SET digest = ${digest} WHERE one = 1`
      return eventOf(rowOf(event, digest))
    })
    return yield* sql.withTransaction(appended)
  })

  const list = (filter: AuditFilter): Stream.Stream<AuditEvent, SqlError> =>
    Stream.map(pages(sql, filter), (row: AuditRow) => eventOf(row))

  return { append, list, verify: verifyChain(sql) }
})

/**
 * The audit log: append-only, each event chained to the one before it.
 *
 * `append` joins the transaction that it is called in, so that a change and its event are stored together or not at all.
 * `list` gives the newest first, page by page: its memory doesn't grow with the log.
 * `verify` names the first event that was changed, moved or put in, or that follows a removed one.
 */
export class AuditLog extends Context.Tag("mezite/auth/AuditLog")<
  AuditLog,
  {
    readonly append: (draft: AuditEventDraft) => Effect.Effect<AuditEvent, SqlError>
    readonly list: (filter: AuditFilter) => Stream.Stream<AuditEvent, SqlError>
    readonly verify: Effect.Effect<AuditVerdict, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<AuditLog, never, SqlClient.SqlClient> = Layer.effect(AuditLog, make)
}
