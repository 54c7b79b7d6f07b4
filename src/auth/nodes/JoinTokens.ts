import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Duration, Effect, Layer, type Redacted } from "effect"
import { Invalid } from "../../api/ApiError.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { newSecret, secretDigest } from "../identities/Secret.ts"

const longestTtl = Duration.days(30)
const mostUses = 10_000

/** What a join token is good for. */
export interface JoinTokenTerms {
  readonly ttl: Duration.Duration
  /** How many nodes may join with it, 1 to 10,000. */
  readonly uses: number
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog

  const add = Effect.fn("JoinTokens.add")(function* ({ ttl, uses }: JoinTokenTerms, by: string) {
    if (!Duration.between(ttl, { minimum: "1 second", maximum: longestTtl })) {
      return yield* new Invalid({ message: "a join token lives 1s at least and 30d at most" })
    }
    if (!Number.isInteger(uses) || uses < 1 || uses > mostUses) {
      return yield* new Invalid({ message: `a join token lets 1 to ${mostUses} nodes join` })
    }
    const created_ms = yield* Clock.currentTimeMillis
    const expiresAtMs = created_ms + Duration.toMillis(ttl)
    const token = newSecret()
    const row = { digest: secretDigest(token), created_ms, expires_ms: expiresAtMs, uses }
    const detail = { kind: "node", uses, expires_at: new Date(expiresAtMs).toISOString() }
    yield* sql.withTransaction(
      Effect.gen(function* () {
        yield* sql`DELETE FROM join_tokens WHERE expires_ms <= ${created_ms} OR uses < 1`
        yield* sql`INSERT INTO join_tokens ${sql.insert(row)}`
        yield* audit.append(auditEvent("token.create", { user: by, detail }))
      }),
    )
    return { token, expiresAtMs }
  })

  // A lookup by digest tells nothing by its timing: what an attacker chooses is hashed before it is compared.
  const use = Effect.fn("JoinTokens.use")(function* (token: Redacted.Redacted<string>) {
    const now = yield* Clock.currentTimeMillis
    const used = yield* sql`
      UPDATE join_tokens SET uses = uses - 1
      WHERE digest = ${secretDigest(token)} AND expires_ms > ${now} AND uses > 0 RETURNING digest`
    return used.length === 1
  })

  return { add, use }
})

/** Tokens with which nodes join; each by as many as it was made for, until it is over. Only digests are kept. */
export class JoinTokens extends Context.Tag("mezite/auth/JoinTokens")<
  JoinTokens,
  {
    readonly add: (
      terms: JoinTokenTerms,
      by: string,
    ) => Effect.Effect<{ readonly token: Redacted.Redacted<string>; readonly expiresAtMs: number }, Invalid | SqlError>
    /** Whether it is good; takes one use, within the caller's transaction: who fails to join gets it back. */
    readonly use: (token: Redacted.Redacted<string>) => Effect.Effect<boolean, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<JoinTokens, never, SqlClient.SqlClient | AuditLog> = Layer.effect(JoinTokens, make)
}
