import { mkdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { layerSqlite } from "../../../src/auth/database/Database.ts"
import { temporaryFolder } from "../support/TestHub.ts"

const opened = <A, E>(path: string, use: Effect.Effect<A, E, SqlClient.SqlClient>) =>
  Effect.provide(use, layerSqlite(path))

it.scoped("makes a private, durable database and keeps what is in it", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "deep", "mezhub.db")
    const pragmas = yield* opened(
      path,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`INSERT INTO settings ${sql.insert({ key: "a", value: "b" })}`
        expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600)
        return {
          ...(yield* sql<{ journal_mode: string }>`PRAGMA journal_mode`)[0],
          ...(yield* sql<{ synchronous: number }>`PRAGMA synchronous`)[0],
          ...(yield* sql<{ foreign_keys: number }>`PRAGMA foreign_keys`)[0],
          ...(yield* sql<{ timeout: number }>`PRAGMA busy_timeout`)[0],
        }
      }),
    )
    expect(pragmas).toEqual({ journal_mode: "wal", synchronous: 2, foreign_keys: 1, timeout: 5000 })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const again = yield* opened(
      path,
      Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT value FROM settings`),
    )
    expect(again).toEqual([{ value: "b" }])
  }),
)

it.scoped("has everything in one file once it is closed", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "mezhub.db")
    yield* opened(
      path,
      Effect.flatMap(SqlClient.SqlClient, (sql) => sql`INSERT INTO settings ${sql.insert({ key: "a", value: "b" })}`),
    )
    expect(statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
  }),
)

it.scoped("refuses a database of a newer program, and says so", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "mezhub.db")
    yield* opened(
      path,
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`INSERT INTO effect_sql_migrations ${sql.insert({ migration_id: 999, name: "later" })}`,
      ),
    )
    const error = yield* Effect.flip(opened(path, Effect.void))
    expect(error.message).toMatch(/version 999.*run the newer mezhub/)
  }),
)

it.scoped("says which path is wrong, of a folder as of a file that is no database", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    mkdirSync(join(folder, "folder"))
    writeFileSync(join(folder, "text"), "this is no database at all, only a text that is long enough".repeat(100))
    for (const name of ["folder", "text"]) {
      const result = yield* Effect.either(opened(join(folder, name), Effect.void))
      expect(Either.isLeft(result) && result.left.message).toContain(join(folder, name))
    }
  }),
)

it.scoped("a transaction that cannot be committed fails, and is no defect", () =>
  Effect.gen(function* () {
    const path = join(yield* temporaryFolder, "mezhub.db")
    const failed = yield* opened(
      path,
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE parents (id INTEGER PRIMARY KEY)`
        yield* sql`CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)`
        return yield* Effect.either(sql.withTransaction(sql`INSERT INTO children VALUES (1)`))
      }),
    )
    expect(Either.isLeft(failed) && failed.left._tag).toBe("SqlError")
  }),
)
