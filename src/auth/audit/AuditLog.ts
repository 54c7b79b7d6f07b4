import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Option, Stream } from "effect"
import type { AuditEvent, AuditEventDraft, AuditEventType } from "../../domain/AuditEvent.ts"
import type { AuditHead } from "../../domain/AuditHead.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { digestOf, emptyChain } from "./AuditChain.ts"
import { type AuditRow, chain, eventOf, rowOf } from "./AuditRow.ts"
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

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { recordingKeys } = yield* ClusterKeys
  const [signer] = recordingKeys

  // The update comes first: it takes the head's lock, in both databases, so that appends go one after the other.
  const lockHead = sql<{ count: number | string; digest: string }>`
    UPDATE audit_head SET count = count + 1 WHERE one = 1 RETURNING count, digest`

  const append = Effect.fn("AuditLog.append")(function* (draft: AuditEventDraft) {
    const timeMs = yield* Clock.currentTimeMillis
    const id = ulid(timeMs)
    const told = { ...draft, remote_address: draft.remote_address ?? (yield* EventOrigin) }
    const appended = Effect.gen(function* () {
      const [head] = yield* lockHead
      if (head === undefined) return yield* Effect.dieMessage("the audit log has lost its head row")
      const event = chain(told, Number(head.count), id, timeMs)
      const digest = digestOf(event, head.digest)
      yield* sql`INSERT INTO audit_events ${sql.insert({ ...rowOf(event, digest) })}`
      const { signature } = signHead({ count: event.seq, digest }, signer)
      yield* sql`UPDATE audit_head SET digest = ${digest}, signature = ${signature} WHERE one = 1`
      return eventOf(rowOf(event, digest))
    })
    return yield* sql.withTransaction(appended)
  })

  const list = (filter: AuditFilter): Stream.Stream<AuditEvent, SqlError> =>
    Stream.map(pages(sql, filter), (row: AuditRow) => eventOf(row))

  const goesThrough = Effect.fn("AuditLog.goesThrough")(function* ({ count, digest }: AuditHead) {
    const rows = yield* sql`SELECT seq FROM audit_events WHERE seq = ${count} AND digest = ${digest}`
    return count === 0 || rows.length === 1
  })

  const head = Effect.map(
    storedHead(sql),
    Option.getOrElse(() => ({ ...emptyChain, signature: "" })),
  )

  const verify = (known: ReadonlyArray<KnownHead> = []) => verifyChain(sql, recordingKeys, known)

  return { append, list, head, goesThrough, verify }
})

/**
 * The audit log: append-only, each event chained to the one before it.
 *
 * `append` joins the transaction that it is called in, so that a change and its event are stored together or not at all. An event
 * without an address gets its `EventOrigin`.
 * `list` gives the newest first, page by page: its memory doesn't grow with the log.
 * `verify` names the first event that was changed, moved or put in, or that follows a removed one, or tells that events are missing
 * at the end.
 */
export class AuditLog extends Context.Tag("mezite/auth/AuditLog")<
  AuditLog,
  {
    readonly append: (draft: AuditEventDraft) => Effect.Effect<AuditEvent, SqlError>
    readonly list: (filter: AuditFilter) => Stream.Stream<AuditEvent, SqlError>
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
