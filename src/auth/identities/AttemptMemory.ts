import { createHash } from "node:crypto"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer } from "effect"
import { LeastRecent } from "./LeastRecent.ts"

/** What is counted: logins of an address, of a name, and of a name from an address. */
export type Counted = "address" | "name" | "pair"

/** Of each kind so many are remembered at once by a hub alone. */
const remembered = 10_000

/** What was not tried for so long is forgotten, in milliseconds. */
const forgottenAfterMs = 3_600_000
const sweepEveryMs = 60_000

const inMemory = (): AttemptMemory["Type"] => {
  const kinds = new Map<Counted, LeastRecent<unknown>>()
  return {
    modify: (kind, key, by) =>
      Effect.sync(() => {
        const known = kinds.get(kind) ?? new LeastRecent<unknown>(remembered)
        kinds.set(kind, known)
        const [answer, next] = by(known.get(key) as Parameters<typeof by>[0])
        if (next === undefined) known.forget(key)
        else known.remember(key, next)
        return answer
      }),
  }
}

/** What people type for a name may be their password. */
const digestOf = (kind: Counted, key: string) => createHash("sha256").update(`${kind} ${key}`).digest("base64")

const inDatabase = (sql: SqlClient.SqlClient): AttemptMemory["Type"] => {
  let sweptMs = 0
  const sweep = (now: number) => {
    if (Math.abs(now - sweptMs) < sweepEveryMs) return Effect.void
    sweptMs = now
    return sql`DELETE FROM login_attempts WHERE at_ms < ${now - forgottenAfterMs}`
  }
  return {
    modify: (kind, key, by) =>
      Effect.gen(function* () {
        const [now, id] = [yield* Clock.currentTimeMillis, digestOf(kind, key)]
        yield* sweep(now)
        const modified = Effect.gen(function* () {
          // Of what isn't there yet there is no row to lock.
          yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${id}, 0))`
          const [row] = yield* sql<{ state: string }>`SELECT state FROM login_attempts WHERE id = ${id}`
          const [answer, next] = by(row === undefined ? undefined : JSON.parse(row.state))
          yield* next === undefined
            ? sql`DELETE FROM login_attempts WHERE id = ${id}`
            : sql`INSERT INTO login_attempts (id, state, at_ms) VALUES (${id}, ${JSON.stringify(next)}, ${now})
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms`
          return answer
        })
        return yield* sql.withTransaction(modified)
      }),
  }
}

/** What is remembered of logins that were tried: by a hub alone in its memory, by several in their database. */
export class AttemptMemory extends Context.Tag("mezite/auth/AttemptMemory")<
  AttemptMemory,
  {
    /**
     * Changes what is remembered, one at a time: `by` gives an answer, and what is remembered from then on; undefined: nothing. It may be
     * run more than once.
     */
    readonly modify: <A, B>(
      kind: Counted,
      key: string,
      by: (known: A | undefined) => readonly [answer: B, next: A | undefined],
    ) => Effect.Effect<B, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<AttemptMemory, never, SqlClient.SqlClient> = Layer.effect(
    AttemptMemory,
    Effect.map(SqlClient.SqlClient, (sql) => sql.onDialectOrElse({ pg: () => inDatabase(sql), orElse: inMemory })),
  )
}
