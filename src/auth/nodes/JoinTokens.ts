import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Clock, Context, Duration, Effect, Layer, Option, type Redacted } from "effect"
import { Invalid, NotFound } from "../../api/ApiError.ts"
import type { JoinToken } from "../../api/ClusterRpcs.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { JoinTokenId } from "../../domain/Identifiers.ts"
import type { NodeLabels } from "../../domain/NodeLabels.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { ulid } from "../audit/Ulid.ts"
import { newSecret, secretDigest } from "../identities/Secret.ts"

const longestTtl = Duration.days(30)
const mostUses = 10_000

/** What a join token is good for. */
export interface JoinTokenTerms {
  readonly ttl: Duration.Duration
  /** How many nodes may join with it, 1 to 10,000. */
  readonly uses: number
  /** The labels of every node that joins with it, whatever it says of itself; null: what it says then counts. */
  readonly labels: NodeLabels | null
}

interface JoinTokenRow {
  readonly id: JoinTokenId
  readonly created_by: string
  readonly created_ms: number | string
  readonly expires_ms: number | string
  readonly uses: number | string
  /** JSON; null where each node brings its own. */
  readonly labels: string | null
}

const time = (ms: number | string) => new Date(Number(ms)).toISOString()

const labelsIn = (labels: string | null): NodeLabels | null =>
  labels === null ? null : (JSON.parse(labels) as NodeLabels)

const shownToken = ({ id, created_by, created_ms, expires_ms, uses, labels }: JoinTokenRow): JoinToken => ({
  id,
  type: "node",
  created_by,
  created_at: time(created_ms),
  expires_at: time(expires_ms),
  uses: Number(uses),
  labels: labelsIn(labels),
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog

  const add = Effect.fn("JoinTokens.add")(function* ({ ttl, uses, labels }: JoinTokenTerms, by: string) {
    if (!Duration.between(ttl, { minimum: "1 second", maximum: longestTtl })) {
      return yield* new Invalid({ message: "a join token lives 1s at least and 30d at most" })
    }
    if (!Number.isInteger(uses) || uses < 1 || uses > mostUses) {
      return yield* new Invalid({ message: `a join token lets 1 to ${mostUses} nodes join` })
    }
    const created_ms = yield* Clock.currentTimeMillis
    const expiresAtMs = created_ms + Duration.toMillis(ttl)
    const token = newSecret()
    const id = JoinTokenId.make(ulid(created_ms))
    const stored = labels === null ? null : JSON.stringify(labels)
    const digest = secretDigest(token)
    const row = { id, digest, created_by: by, created_ms, expires_ms: expiresAtMs, uses, labels: stored }
    const detail = { token_id: id, kind: "node", uses, labels, expires_at: new Date(expiresAtMs).toISOString() }
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`DELETE FROM join_tokens WHERE expires_ms <= ${created_ms} OR uses < 1`
        yield* sql`INSERT INTO join_tokens ${sql.insert(row)}`
        yield* audit.append(auditEvent("token.create", { user: by, detail }))
      }),
    )
    return { token, expiresAtMs }
  })

  const list = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const rows = yield* sql<JoinTokenRow>`
      SELECT id, created_by, created_ms, expires_ms, uses, labels FROM join_tokens WHERE expires_ms > ${now} AND uses > 0 ORDER BY id`
    return Arr.map(rows, shownToken)
  }).pipe(Effect.withSpan("JoinTokens.list"))

  const remove = Effect.fn("JoinTokens.remove")(function* (id: JoinTokenId, by: string) {
    const removed = Effect.gen(function* () {
      const deleted = yield* sql`DELETE FROM join_tokens WHERE id = ${id} RETURNING id`
      if (deleted.length === 0) return yield* new NotFound({ message: `there is no token ${id}` })
      yield* audit.append(auditEvent("token.delete", { user: by, detail: { token_id: id, kind: "node" } }))
    })
    yield* sql.withTransaction(removed)
  })

  // A lookup by digest tells nothing by its timing: what an attacker chooses is hashed before it is compared.
  const use = Effect.fn("JoinTokens.use")(function* (token: Redacted.Redacted<string>) {
    const now = yield* Clock.currentTimeMillis
    const [used] = yield* sql<Pick<JoinTokenRow, "labels">>`
      UPDATE join_tokens SET uses = uses - 1
      WHERE digest = ${secretDigest(token)} AND expires_ms > ${now} AND uses > 0 RETURNING labels`
    return Option.map(Option.fromNullable(used), ({ labels }) => ({ labels: labelsIn(labels) }))
  })

  return { add, list, remove, use }
})

/** Tokens with which nodes join; each by as many as it was made for, until it is over. Only digests are kept. */
export class JoinTokens extends Context.Tag("mezite/auth/JoinTokens")<
  JoinTokens,
  {
    readonly add: (
      terms: JoinTokenTerms,
      by: string,
    ) => Effect.Effect<{ readonly token: Redacted.Redacted<string>; readonly expiresAtMs: number }, Invalid | SqlError>
    /** Those with which nodes may join now, the oldest first. */
    readonly list: Effect.Effect<ReadonlyArray<JoinToken>, SqlError>
    /** From then on nobody joins with it. */
    readonly remove: (id: JoinTokenId, by: string) => Effect.Effect<void, NotFound | SqlError>
    /** Takes one use, within the caller's transaction: who fails to join gets it back. None where it isn't good. */
    readonly use: (
      token: Redacted.Redacted<string>,
    ) => Effect.Effect<Option.Option<Pick<JoinTokenTerms, "labels">>, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<JoinTokens, never, SqlClient.SqlClient | AuditLog> = Layer.effect(JoinTokens, make)
}
