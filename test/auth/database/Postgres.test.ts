import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { afterAll, beforeAll } from "vitest"
import { layerPostgres } from "../../../src/auth/database/Postgres.ts"
import { PostgresServer } from "../../support/PostgresServer.ts"

let server: PostgresServer
beforeAll(async () => {
  server = await PostgresServer.start()
})
afterAll(() => server?.stop())

const opened = (url: string) => Layer.build(Layer.fresh(layerPostgres(Redacted.make(url))))

it.scopedLive("is brought up to date once by hubs that start together", () =>
  Effect.gen(function* () {
    yield* Effect.all(
      Array.from({ length: 5 }, () => opened(server.url("postgres"))),
      { concurrency: "unbounded" },
    )
    const sql = yield* Effect.provide(SqlClient.SqlClient, yield* opened(server.url("postgres")))
    expect(yield* sql`SELECT migration_id, name FROM effect_sql_migrations`).toEqual([
      { migration_id: 1, name: "initial" },
    ])
    expect(yield* sql`SELECT count FROM audit_head`).toEqual([{ count: 0 }])
  }),
)

it.scopedLive("says in one line what is wrong with it, and never its password", () =>
  Effect.gen(function* () {
    const { host } = new URL(server.url("x"))
    const problems = [
      [server.url("not-there"), `cannot use PostgreSQL at ${host}/not-there: database "not-there" does not exist`],
      [
        "postgres://mezite:hidden@127.0.0.1:1/x",
        "cannot use PostgreSQL at 127.0.0.1:1/x: connect ECONNREFUSED 127.0.0.1:1",
      ],
    ] as const
    for (const [url, message] of problems) {
      const error = yield* Effect.flip(opened(url))
      expect(error).toMatchObject({ _tag: "DatabaseError", message: `${message} (MEZITE_DATABASE_URL)` })
      expect(JSON.stringify(error)).not.toContain("hidden")
    }
  }),
)
