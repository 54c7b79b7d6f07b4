import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Option } from "effect"
import { type AuditHead, showAuditHead } from "../../../domain/AuditHead.ts"
import type { SigningKey } from "../../keys/SigningKey.ts"
import { chainStart, emptyChain, type Followed, follow } from "../AuditChain.ts"
import { type AuditRow, chainedOf } from "../AuditRow.ts"
import { isSignedBy } from "../SignedHead.ts"
import { nextTurn } from "./nextTurn.ts"
import { storedHead } from "./storedHead.ts"

/** A head that the log had once, and says who says so. */
export interface KnownHead {
  readonly head: AuditHead
  /** `in a file, at …`: ends a sentence that tells what the log had. */
  readonly source: string
}

/** How many events hold, what the log ends with, and the first thing that is wrong, in words that name the event. */
export interface AuditVerdict {
  readonly events: number
  readonly head: AuditHead
  readonly problem: string | null
}

/** So many hold up everything else that the hub does for some 2 ms. */
const batchSize = 250

/**
 * All that stands in the next so many places, also where two stand in one, or one between two; where nothing does, what comes next. Who
 * has written to the database may have taken it its constraints.
 */
const rowsAfter = (sql: SqlClient, { count }: AuditHead, end: AuditHead) =>
  Effect.gen(function* () {
    const last = Math.min(count + batchSize, end.count)
    const rows = yield* sql<AuditRow>`
      SELECT * FROM audit_events WHERE seq > ${count} AND seq < ${last + 1} ORDER BY seq LIMIT ${2 * batchSize}`
    if (rows.length > 0) return rows
    return yield* sql<AuditRow>`
      SELECT * FROM audit_events WHERE seq > ${last} AND seq <= ${end.count} ORDER BY seq LIMIT 1`
  })

/** Walks up to `end`; appends go on meanwhile. */
const walk = (sql: SqlClient, end: AuditHead) =>
  Effect.gen(function* () {
    let so = chainStart
    while (so.problem === null && so.head.count < end.count) {
      const rows = yield* rowsAfter(sql, so.head, end)
      if (rows.length === 0) break
      so = follow(
        so,
        rows.map((row) => ({ event: chainedOf(row), digest: row.digest })),
      )
      yield* nextTurn
    }
    return so
  })

const after = ({ head, lastId }: Followed) =>
  lastId === "" ? "from the beginning" : `after event ${head.count} (${lastId})`

/** What is wrong behind the last event that holds: a tail that was cut off, or one that the head does not know. */
const endProblem = (sql: SqlClient, so: Followed, stored: AuditHead) =>
  Effect.gen(function* () {
    if (so.head.count < stored.count) {
      const missing = stored.count - so.head.count
      return `${missing} ${missing === 1 ? "event is" : "events are"} missing at the end, ${after(so)}`
    }
    if (so.head.digest !== stored.digest) {
      return `event ${so.head.count} (${so.lastId}) is not the one that the log's head names`
    }
    const now = Option.getOrElse(yield* storedHead(sql), () => emptyChain)
    const [extra] = yield* sql<{ seq: number | null; id: string }>`
      SELECT seq, id FROM audit_events WHERE seq IS NULL OR seq < 1 OR seq > ${now.count} LIMIT 1`
    if (extra === undefined) return null
    if (extra.seq === null) return `an event without a number (${extra.id}) was put in`
    const where = extra.seq < 1 ? "before the beginning" : "behind the end"
    return `event ${extra.seq} (${extra.id}) stands ${where} of the log`
  })

/** Whether the log, of which all holds up to `so`, still goes through a head that it had once. */
const knownProblem = (sql: SqlClient, so: Followed, { head, source }: KnownHead) =>
  Effect.gen(function* () {
    if (head.count > so.head.count) {
      return `the log has ${so.head.count} events, and had ${head.count} ${source}: the last ones were removed`
    }
    const [row] = yield* sql<{ id: string; digest: string }>`
      SELECT id, digest FROM audit_events WHERE seq = ${head.count}`
    if (head.count === 0 || row?.digest === head.digest) return null
    return `event ${head.count} (${row?.id}) is another than it was ${source}: the log was written anew from there or before`
  })

/** The verdict on the whole log, and on whether it still goes through heads that are known from elsewhere. */
export const verifyChain = (
  sql: SqlClient,
  keys: ReadonlyArray<SigningKey>,
  known: ReadonlyArray<KnownHead>,
): Effect.Effect<AuditVerdict, SqlError> =>
  Effect.gen(function* () {
    const found = yield* storedHead(sql)
    if (Option.isNone(found)) return { events: 0, head: emptyChain, problem: "the log has lost its head" }
    const stored = found.value
    const so = yield* walk(sql, stored)
    const verdict = (problem: string | null) => ({ events: so.head.count, head: so.head, problem })
    if (so.problem !== null) return verdict(so.problem)
    const end = yield* endProblem(sql, so, stored)
    if (end !== null) return verdict(end)
    if (!isSignedBy(stored, keys)) {
      return verdict(`the log's head, ${showAuditHead(stored)}, is not signed with this cluster's recording key`)
    }
    for (const one of known) {
      const problem = yield* knownProblem(sql, so, one)
      if (problem !== null) return verdict(problem)
    }
    return verdict(null)
  }).pipe(Effect.withSpan("AuditLog.verify"))
