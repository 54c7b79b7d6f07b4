import { dirname, join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import { Cause, Context, Effect, Layer } from "effect"
import { DatabaseError } from "./DatabaseError.ts"
import { attachFleeting } from "./internal/attachFleeting.ts"
import { privateFile } from "./internal/privateFile.ts"
import { withFailingCommit } from "./internal/withFailingCommit.ts"
import { migrate } from "./Migrations.ts"

const openSqlite = Effect.fn("Database.open")(function* (path: string) {
  yield* privateFile(path)
  const context = yield* Layer.build(SqliteClient.layer({ filename: path })).pipe(
    Effect.catchAllCause((cause) =>
      Effect.fail(
        new DatabaseError({ message: `cannot open the database ${path}: is it one?`, cause: Cause.squash(cause) }),
      ),
    ),
  )
  const sql = withFailingCommit(Context.get(context, SqlClient.SqlClient))
  yield* Effect.all([
    sql`PRAGMA busy_timeout = 5000`,
    // FULL: a transaction that was acknowledged survives a loss of power.
    sql`PRAGMA synchronous = FULL`,
    sql`PRAGMA foreign_keys = ON`,
    // What is deleted is overwritten, so that a key that was destroyed is not found in the file.
    sql`PRAGMA secure_delete = ON`,
  ]).pipe(Effect.mapError((cause) => new DatabaseError({ message: `cannot use the database ${path}`, cause })))
  yield* Effect.provide(migrate, context)
  const fleeting = join(dirname(path), "used-tokens.db")
  yield* Effect.catchTag(
    attachFleeting(sql, fleeting),
    "SqlError",
    (cause) => new DatabaseError({ message: `cannot use ${fleeting}: remove it, and a new one is made`, cause }),
  )
  // What is copied or backed up after a clean stop is one file.
  yield* Effect.addFinalizer(() =>
    Effect.catchAll(sql`PRAGMA wal_checkpoint(TRUNCATE)`, (cause) =>
      Effect.logWarning(`${path}-wal cannot be brought into the database`, cause),
    ),
  )
  return sql
})

/**
 * The hub's state in one SQLite file (0600, WAL, `synchronous=FULL`), made if it isn't there and brought up to date
 * before anything else sees it. `path` may not be `:memory:`.
 */
export const layerSqlite = (path: string): Layer.Layer<SqlClient.SqlClient, DatabaseError> =>
  Layer.scoped(SqlClient.SqlClient, openSqlite(path))
