import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import { Cause, Effect, Record } from "effect"
import { DatabaseError } from "./DatabaseError.ts"
import { initialSchema } from "./InitialSchema.ts"

/** Every change to the schema, by its number; what is once released here is never edited, only followed. */
const migrations: Record<string, Effect.Effect<void, unknown, SqlClient.SqlClient>> = {
  "1_initial": initialSchema,
}

const newestKnown = Math.max(...Record.keys(migrations).map((name) => Number.parseInt(name, 10)))

const refuseNewer = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{
    version: number | string | null
  }>`SELECT MAX(migration_id) AS version FROM effect_sql_migrations`
  const found = Number(row?.version ?? 0)
  if (found > newestKnown) {
    return yield* new DatabaseError({
      message: `the database has version ${found} and this program knows up to ${newestKnown}: run the newer mezhub`,
    })
  }
})

/** Brings the schema up to date, forwards only; refuses a database that a newer program has changed. */
export const migrate: Effect.Effect<void, DatabaseError, SqlClient.SqlClient> = Migrator.make({})({
  loader: Migrator.fromRecord(migrations),
}).pipe(
  Effect.zipRight(refuseNewer),
  Effect.catchAllCause((cause) => {
    const failure = Cause.squash(cause)
    return Effect.fail(
      failure instanceof DatabaseError
        ? failure
        : new DatabaseError({ message: "the database cannot be brought up to date", cause: failure }),
    )
  }),
)
