import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer } from "effect"
import { UnwrittenTokens } from "./internal/UnwrittenTokens.ts"

/** A token whose signature holds. */
export interface UsedToken {
  readonly subject: string
  readonly tokenId: string
  /** When nobody would take it any more, in Unix milliseconds. */
  readonly expiresAtMs: number
}

const sweepEveryMs = 1_000
/** More than come in that time; few enough to keep nobody waiting. */
const mostSweptAtOnce = 5_000
/** How far hubs' clocks may be apart: what has expired by this one's has by another's only then. */
const clocksApartMs = 120_000

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  let sweptMs = 0

  const sweep = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (Math.abs(now - sweptMs) < sweepEveryMs) return
    sweptMs = now
    yield* sql`DELETE FROM used_tokens WHERE (subject, token_id) IN (
      SELECT subject, token_id FROM used_tokens WHERE until_ms < ${now - clocksApartMs}
      ORDER BY until_ms LIMIT ${mostSweptAtOnce})`
  })

  // For this one statement: who calls waits for no disk. What a crash of the server takes is of its last half second.
  const relaxed = sql.onDialectOrElse({
    pg: () => sql`FROM (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed`,
    orElse: () => sql`WHERE true`,
  })

  const insert = ({ subject, tokenId, expiresAtMs }: UsedToken) =>
    Effect.map(
      sql`INSERT INTO used_tokens (subject, token_id, until_ms)
        SELECT ${subject}, ${tokenId}, CAST(${expiresAtMs} AS BIGINT) ${relaxed}
        ON CONFLICT DO NOTHING RETURNING token_id`,
      (rows) => rows.length === 1,
    )

  const write = (token: UsedToken) => Effect.zipRight(sweep, insert(token))

  const unwritten = new UnwrittenTokens()
  const writeOrRemember = Effect.fnUntraced(function* (token: UsedToken) {
    const key = JSON.stringify([token.subject, token.tokenId])
    if (unwritten.has(key)) return false
    return yield* Effect.catchAll(write(token), (error) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        unwritten.add(key, token.expiresAtMs, now - clocksApartMs) ? Effect.succeed(true) : error,
      ),
    )
  })

  // Where hubs share a database nothing else is answered without it, and what one remembers no other knows.
  return { use: sql.onDialectOrElse({ pg: () => write, orElse: () => writeOrRemember }) }
})

/**
 * Which tokens were used, until they have expired: each is good once, at whichever hub of the cluster, also after hubs were started anew
 * (but for those of a time when a hub of its own could not write them down). Only tokens whose signature holds are to come here: nobody makes it grow in another's name.
 */
export class UsedTokens extends Context.Tag("mezite/auth/UsedTokens")<
  UsedTokens,
  {
    /** Whether it is used for the first time. */
    readonly use: (token: UsedToken) => Effect.Effect<boolean, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<UsedTokens, never, SqlClient.SqlClient> = Layer.effect(UsedTokens, make)
}
