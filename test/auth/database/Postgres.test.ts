import { inspect } from "node:util"
import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Context, Deferred, Effect, Layer, Option, Redacted } from "effect"
import { afterAll, beforeAll } from "vitest"
import { UsedTokens } from "../../../src/auth/access/UsedTokens.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { layerPostgres } from "../../../src/auth/database/Postgres.ts"
import { ClusterKeys } from "../../../src/auth/keys/ClusterKeys.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
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
      expect(JSON.stringify(error) + inspect(error, { depth: 9 })).not.toContain("hidden")
    }
  }),
)

/** One hub's part of a database that several share. */
const hubOn = (url: string) =>
  Layer.build(
    Layer.fresh(
      AuditLog.layer.pipe(
        Layer.provideMerge(ClusterKeys.layer(Option.none())),
        Layer.provideMerge(layerPostgres(Redacted.make(url))),
      ),
    ),
  )
const anew = (name: string) =>
  Effect.gen(function* () {
    const sql = yield* Effect.provide(SqlClient.SqlClient, yield* opened(server.url("postgres")))
    yield* sql.unsafe(`CREATE DATABASE ${name}`)
    return server.url(name)
  }).pipe(Effect.scoped)

it.scopedLive(
  "is one cluster's to hubs that start at the same instant: one identity, and one chain of what they audit",
  () =>
    Effect.gen(function* () {
      const url = yield* anew("chain")
      const hubs = yield* Effect.all([hubOn(url), hubOn(url), hubOn(url)], { concurrency: "unbounded" })
      const keys = hubs.map((hub) => Context.get(hub, ClusterKeys))
      const lines = keys.map(({ userCa, hostCa, sshHostKey, recordingKeys: [recording] }) =>
        [userCa, hostCa, sshHostKey, recording].map(({ publicLine }) => publicLine),
      )
      expect(new Set(lines.map((some) => some.join())).size).toBe(1)
      const append = (hub: (typeof hubs)[0]) =>
        Effect.replicateEffect(Context.get(hub, AuditLog).append(auditEvent("exec")), 60)
      yield* Effect.forEach(hubs, append, { concurrency: "unbounded" })
      for (const hub of hubs) {
        expect(yield* Context.get(hub, AuditLog).verify()).toMatchObject({ events: 180, problem: null })
      }
      const sql = Context.get(hubs[0], SqlClient.SqlClient)
      for (const table of ["audit_events", "audit_head"]) {
        const refused = yield* Effect.flip(sql.unsafe(`TRUNCATE ${table}`))
        expect(String(refused.cause)).toContain("only ever appended to")
      }
    }),
)

it.scopedLive("does not let a hub that stands still in the middle of a transaction hold up the others", () =>
  Effect.gen(function* () {
    const url = yield* anew("standstill")
    const [one, other] = yield* Effect.all([hubOn(url), hubOn(url)])
    const audit = Context.get(one, AuditLog)
    const holds = yield* Deferred.make<void>()
    const still = audit
      .append(auditEvent("exec"))
      .pipe(
        Effect.zipRight(Deferred.succeed(holds, undefined)),
        Effect.zipRight(Effect.never),
        Context.get(one, SqlClient.SqlClient).withTransaction,
      )
    yield* Effect.forkScoped(still)
    yield* Deferred.await(holds)
    yield* Effect.timeout(Context.get(other, AuditLog).append(auditEvent("scp")), "8 seconds")
    expect(yield* Context.get(other, AuditLog).verify()).toMatchObject({ events: 1, problem: null })
  }),
)

it.scopedLive("does a transaction again that stood in another's way", () =>
  Effect.gen(function* () {
    const url = yield* anew("conflict")
    const hubs = yield* Effect.all([opened(url), opened(url)])
    const [one, other] = hubs.map((hub) => Context.get(hub, SqlClient.SqlClient))
    if (one === undefined || other === undefined) throw new Error("there are two")
    yield* one`INSERT INTO settings (key, value) VALUES ('a', '0'), ('b', '0')`
    const latch = yield* Effect.makeLatch()
    let began = 0
    const both = (sql: SqlClient.SqlClient, [first, second]: readonly [string, string]) => {
      const raise = (key: string) => sql`UPDATE settings SET value = (value::INTEGER + 1)::TEXT WHERE key = ${key}`
      return sql.withTransaction(
        Effect.gen(function* () {
          yield* raise(first)
          began += 1
          yield* began >= 2 ? latch.open : latch.await
          yield* raise(second)
        }),
      )
    }
    yield* Effect.all([both(one, ["a", "b"]), both(other, ["b", "a"])], { concurrency: "unbounded" })
    expect(began).toBe(3)
    expect(yield* one`SELECT value FROM settings`).toEqual([{ value: "2" }, { value: "2" }])
  }),
)

it.scopedLive("refuses one of a newer program", () =>
  Effect.gen(function* () {
    const url = yield* anew("newer")
    const sql = Context.get(yield* opened(url), SqlClient.SqlClient)
    yield* sql`INSERT INTO effect_sql_migrations (migration_id, name) VALUES (999, 'later')`
    expect((yield* Effect.flip(opened(url))).message).toMatch(/has version 999 .* run the newer mezhub/)
  }),
)

it.scopedLive("is used again when it is back", () =>
  Effect.gen(function* () {
    const url = yield* anew("away")
    const audit = Context.get(yield* hubOn(url), AuditLog)
    yield* Effect.replicateEffect(audit.append(auditEvent("exec")), 4)
    yield* Effect.promise(() => server.crash())
    const failures = yield* Effect.all(
      Array.from({ length: 30 }, () => Effect.flip(audit.append(auditEvent("scp")))),
      { concurrency: "unbounded" },
    )
    expect(new Set(failures.map(({ _tag }) => _tag))).toEqual(new Set(["SqlError"]))
    yield* Effect.promise(() => server.restart())
    yield* Effect.all(
      Array.from({ length: 30 }, () => audit.append(auditEvent("scp"))),
      { concurrency: "unbounded" },
    )
    expect(yield* audit.verify()).toMatchObject({ events: 34, problem: null })
  }),
)

it.scopedLive("knows which tokens were used after its server has crashed", () =>
  Effect.gen(function* () {
    const url = yield* anew("crashed")
    const hub = yield* hubOn(url)
    const { use } = Context.get(yield* Effect.provide(Layer.build(UsedTokens.layer), hub), UsedTokens)
    const token = { subject: "node", tokenId: "1", expiresAtMs: Date.now() + 300_000 }
    expect(yield* use(token)).toBe(true)
    // What is durable has all before it durable.
    yield* Context.get(hub, AuditLog).append(auditEvent("exec"))
    yield* Effect.promise(() => server.crash())
    yield* Effect.promise(() => server.restart())
    expect(yield* use(token)).toBe(false)
  }),
)
