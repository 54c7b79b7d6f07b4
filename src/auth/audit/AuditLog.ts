import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Clock, Context, Effect, Layer, Option, Stream } from "effect"
import type { AuditEvent, AuditEventDraft, AuditEventType } from "../../domain/AuditEvent.ts"
import type { AuditHead } from "../../domain/AuditHead.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { digestOf, emptyChain } from "./AuditChain.ts"
import { type AuditRow, chain, eventOf, rowOf } from "./AuditRow.ts"
import { type DetailFilter, matchesDetail, wordsOf } from "./DetailFilter.ts"
import { EventOrigin } from "./EventOrigin.ts"
import { pages } from "./internal/pages.ts"
import { storedHead } from "./internal/storedHead.ts"
import { type AuditVerdict, type KnownHead, verifyChain } from "./internal/verifyChain.ts"
import { type SignedHead, signHead } from "./SignedHead.ts"
import { ulid } from "./Ulid.ts"

/** Which events to list; null where it doesn't matter. */
export interface AuditFilter {
  readonly type: AuditEventType | null
  readonly user: string | null
  readonly sessionId: string | null
  readonly node: string | null
  /** Unix milliseconds; the oldest time that counts. */
  readonly sinceMs: number | null
  readonly limit: number | null
}

/** As many rows are inserted by one statement. */
const atOnce = 500

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { recordingKeys } = yield* ClusterKeys
  const [signer] = recordingKeys

  // The update comes first: it takes the head's lock, in both databases, so that appends go one after the other.
  const lockHead = (more: number) => sql<{ count: number | string; digest: string }>`
    UPDATE audit_head SET count = count + ${more} WHERE one = 1 RETURNING count, digest`

  const chained = Effect.fnUntraced(function* (drafts: Arr.NonEmptyReadonlyArray<AuditEventDraft>) {
    const [timeMs, origin] = [yield* Clock.currentTimeMillis, yield* EventOrigin]
    const [head] = yield* lockHead(drafts.length)
    if (head === undefined) return yield* Effect.dieMessage("the audit log has lost its head row")
    const count = Number(head.count)
    let digest = head.digest
    const rows = Arr.map(drafts, (draft, index) => {
      const told = { ...draft, remote_address: draft.remote_address ?? origin }
      const event = chain(told, count - drafts.length + index + 1, ulid(timeMs), timeMs)
      digest = digestOf(event, digest)
      return rowOf(event, digest)
    })
    for (const some of Arr.chunksOf(rows, atOnce)) {
      yield* sql`INSERT INTO audit_events ${sql.insert(some.map((row) => ({ ...row })))}`
    }
    const { signature } = signHead({ count, digest }, signer)
    yield* sql`UPDATE audit_head SET digest = ${digest}, signature = ${signature} WHERE one = 1`
    return Arr.map(rows, eventOf)
  }, sql.withTransaction)

  const append = Effect.fn("AuditLog.append")((draft: AuditEventDraft) =>
    Effect.map(chained([draft]), Arr.headNonEmpty),
  )

  const appendAll = Effect.fn("AuditLog.appendAll")(
    (drafts: ReadonlyArray<AuditEventDraft>): Effect.Effect<ReadonlyArray<AuditEvent>, SqlError> =>
      Arr.isNonEmptyReadonlyArray(drafts) ? chained(drafts) : Effect.succeed([]),
  )

  const list = (filter: AuditFilter, about?: DetailFilter): Stream.Stream<AuditEvent, SqlError> => {
    const found = Stream.map(pages(sql, filter, about === undefined ? [] : wordsOf(about)), (row: AuditRow) =>
      eventOf(row),
    )
    const matching = about === undefined ? found : Stream.filter(found, (event) => matchesDetail(event, about))
    return filter.limit === null ? matching : Stream.take(matching, filter.limit)
  }

  const goesThrough = Effect.fn("AuditLog.goesThrough")(function* ({ count, digest }: AuditHead) {
    const rows = yield* sql`SELECT seq FROM audit_events WHERE seq = ${count} AND digest = ${digest}`
    return count === 0 || rows.length === 1
  })

  const head = Effect.map(
    storedHead(sql),
    Option.getOrElse(() => ({ ...emptyChain, signature: "" })),
  )

  const verify = (known: ReadonlyArray<KnownHead> = []) => verifyChain(sql, recordingKeys, known)

  return { append, appendAll, list, head, goesThrough, verify }
})

/**
 * The audit log: append-only, each event chained to the one before it.
 *
 * `append` and `appendAll` join the transaction that they are called in, so that a change and its event are stored together or not at all. An event
 * without an address gets its `EventOrigin`.
 * `list` gives the newest first, page by page: its memory doesn't grow with the log.
 * `verify` names the first event that was changed, moved or put in, or that follows a removed one, or tells that events are missing
 * at the end.
 */
export class AuditLog extends Context.Tag("mezite/auth/AuditLog")<
  AuditLog,
  {
    readonly append: (draft: AuditEventDraft) => Effect.Effect<AuditEvent, SqlError>
    /** Many at the cost of few, one after the other, all or none. */
    readonly appendAll: (drafts: ReadonlyArray<AuditEventDraft>) => Effect.Effect<ReadonlyArray<AuditEvent>, SqlError>
    readonly list: (filter: AuditFilter, about?: DetailFilter) => Stream.Stream<AuditEvent, SqlError>
    /** What the log ends with now, signed with the cluster's recording key. */
    readonly head: Effect.Effect<SignedHead, SqlError>
    /** Whether the log had that head once, as far as one event tells. */
    readonly goesThrough: (head: AuditHead) => Effect.Effect<boolean, SqlError>
    /** `known`: heads that the log had once, and must still go through. */
    readonly verify: (known?: ReadonlyArray<KnownHead>) => Effect.Effect<AuditVerdict, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<AuditLog, never, SqlClient.SqlClient | ClusterKeys> = Layer.effect(AuditLog, make)
}
