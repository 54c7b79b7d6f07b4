import * as SqlClient from "@effect/sql/SqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Cause, Context, Effect, Layer, Redacted } from "effect"
import { DatabaseError } from "./DatabaseError.ts"
import { postgresPool } from "./internal/postgresPool.ts"
import { withFailingCommit } from "./internal/withFailingCommit.ts"
import { withRetriedConflicts } from "./internal/withRetriedConflicts.ts"
import { migrate } from "./Migrations.ts"

/** Any number, the same in every hub: who holds its lock brings the schema up to date, and the others wait. */
const migrationLock = 0x6d657a69

/** The database as messages name it: without user and password. */
const nameOf = (url: Redacted.Redacted<string>): string => {
  const { host, pathname } = new URL(Redacted.value(url))
  return `PostgreSQL at ${host === "" ? "its socket" : host}${pathname}`
}

/** What the driver says: the library keeps it behind its own error. */
const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && cause.message !== "" ? cause.message : String((cause as { code?: string }).code)
}

const cannotUse = (url: Redacted.Redacted<string>) => (cause: Cause.Cause<unknown>) => {
  const failure = Cause.squash(cause)
  return failure instanceof DatabaseError
    ? Effect.fail(failure)
    : Effect.fail(
        new DatabaseError({
          message: `cannot use ${nameOf(url)}: ${reasonOf(failure)} (MEZITE_DATABASE_URL)`,
          cause: failure,
        }),
      )
}

const openPostgres = Effect.fn("Database.openPostgres")(function* (url: Redacted.Redacted<string>) {
  const context = yield* Layer.build(PgClient.layerFromPool({ acquire: postgresPool(url) }))
  const sql = withRetriedConflicts(withFailingCommit(Context.get(context, SqlClient.SqlClient)))
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`SELECT pg_advisory_xact_lock(${migrationLock})`
      // Else the migrator finds out that it is missing by a statement that fails, which would end the transaction.
      yield* sql`CREATE TABLE IF NOT EXISTS effect_sql_migrations (
        migration_id INTEGER PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL DEFAULT now(), name TEXT NOT NULL
      )`
      yield* Effect.provide(migrate, context)
    }),
  )
  return sql
})

/** The state of one or more hubs in a PostgreSQL database that is there, brought up to date before anything else sees it. */
export const layerPostgres = (url: Redacted.Redacted<string>): Layer.Layer<SqlClient.SqlClient, DatabaseError> =>
  Layer.scoped(SqlClient.SqlClient, Effect.catchAllCause(openPostgres(url), cannotUse(url)))
