import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer } from "effect"
import { RememberedTokens } from "./internal/RememberedTokens.ts"

/** A token whose signature holds. */
export interface UsedToken {
  readonly subject: string
  readonly tokenId: string
  /** When nobody would take it any more, in Unix milliseconds. */
  readonly expiresAtMs: number
}

const inMemory = (): UsedTokens["Type"] => {
  const remembered = new RememberedTokens()
  return {
    use: ({ subject, tokenId, expiresAtMs }) =>
      Effect.map(Clock.currentTimeMillis, (now) => remembered.use(subject, tokenId, expiresAtMs, now)),
  }
}

const sweepEveryMs = 60_000
/** How far hubs' clocks may be apart: what has expired by this one's has by another's only then. */
const clocksApartMs = 600_000

const inDatabase = (sql: SqlClient.SqlClient): UsedTokens["Type"] => {
  let sweptMs = 0
  const sweep = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (Math.abs(now - sweptMs) < sweepEveryMs) return
    sweptMs = now
    yield* sql`DELETE FROM used_tokens WHERE until_ms < ${now - clocksApartMs}`
  })
  const insert = ({ subject, tokenId, expiresAtMs }: UsedToken) =>
    Effect.map(
      sql`INSERT INTO used_tokens (subject, token_id, until_ms) VALUES (${subject}, ${tokenId}, ${expiresAtMs})
        ON CONFLICT DO NOTHING RETURNING token_id`,
      (rows) => rows.length === 1,
    )
  return { use: (token) => Effect.zipRight(sweep, insert(token)) }
}

/**
 * Which tokens were used, until they have expired: each is good once, at whichever hub. A hub alone remembers them until it ends;
 * those of a cluster in their database, until its server crashes.
 */
export class UsedTokens extends Context.Tag("mezite/auth/UsedTokens")<
  UsedTokens,
  {
    /** Whether it is used for the first time. */
    readonly use: (token: UsedToken) => Effect.Effect<boolean, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<UsedTokens, never, SqlClient.SqlClient> = Layer.effect(
    UsedTokens,
    Effect.map(SqlClient.SqlClient, (sql) => sql.onDialectOrElse({ pg: () => inDatabase(sql), orElse: inMemory })),
  )
}
