import { randomUUID } from "node:crypto"
import { join } from "node:path"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Layer, Redacted } from "effect"
import { inject } from "vitest"
import { layerSqlite } from "../../../src/auth/database/Database.ts"
import { layerPostgres } from "../../../src/auth/database/Postgres.ts"

/** A new database of that server's; the server goes when all tests are done. */
const newDatabase = (server: string) =>
  Effect.gen(function* () {
    const name = `t${randomUUID().replaceAll("-", "")}`
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(`CREATE DATABASE ${name}`)
    const url = new URL(server)
    url.pathname = name
    return url.href
  }).pipe(Effect.provide(PgClient.layer({ url: Redacted.make(server), maxConnections: 1 })), Effect.orDie)

const made = new Map<string, Effect.Effect<string>>()

/** The database that belongs to that folder: SQLite in it, or where the tests run over PostgreSQL one of the server's, the same each time. */
export const databaseIn = (folder: string) => {
  const server = inject("postgres")
  if (server === undefined) return layerSqlite(join(folder, "hub.db"))
  const url = made.get(folder) ?? Effect.runSync(Effect.cached(newDatabase(server)))
  made.set(folder, url)
  return Layer.unwrapEffect(Effect.map(url, (text) => layerPostgres(Redacted.make(text))))
}
