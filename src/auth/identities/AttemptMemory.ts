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
    change: (kind, key, to) =>
      Effect.sync(() => {
        const known = kinds.get(kind) ?? new LeastRecent<unknown>(remembered)
        kinds.set(kind, known)
        const changed = to(known.get(key) as Parameters<typeof to>[0])
        if (changed === undefined) known.forget(key)
        else known.remember(key, changed)
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
    change: (kind, key, to) =>
      Effect.gen(function* () {
        const [now, id] = [yield* Clock.currentTimeMillis, digestOf(kind, key)]
        yield* sweep(now)
        const changed = Effect.gen(function* () {
          // Of what isn't there yet there is no row to lock.
          yield* sql`SELECT pg_advisory_xact_lock(hashtextextended(${id}, 0))`
          const [row] = yield* sql<{ state: string }>`SELECT state FROM login_attempts WHERE id = ${id}`
          const next = to(row === undefined ? undefined : JSON.parse(row.state))
          if (next === undefined) return yield* sql`DELETE FROM login_attempts WHERE id = ${id}`
          const state = JSON.stringify(next)
          return yield* sql`INSERT INTO login_attempts (id, state, at_ms) VALUES (${id}, ${state}, ${now})
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, at_ms = excluded.at_ms`
        })
        yield* sql.withTransaction(changed)
      }),
  }
}

/** What is remembered of logins that were tried: by a hub alone in its memory, by several in their database. */
export class AttemptMemory extends Context.Tag("mezite/auth/AttemptMemory")<
  AttemptMemory,
  {
    /** Changes what is remembered, one at a time; undefined: nothing. `to` may be run more than once. */
    readonly change: <A>(
      kind: Counted,
      key: string,
      to: (known: A | undefined) => A | undefined,
    ) => Effect.Effect<void, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<AttemptMemory, never, SqlClient.SqlClient> = Layer.effect(
    AttemptMemory,
    Effect.map(SqlClient.SqlClient, (sql) => sql.onDialectOrElse({ pg: () => inDatabase(sql), orElse: inMemory })),
  )
}
