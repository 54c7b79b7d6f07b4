import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import { Console, Duration, Effect, Layer, Option, Redacted, Stream } from "effect"
import { type ChainedEvent, digestOf } from "../src/auth/audit/AuditChain.ts"
import { type AuditFilter, AuditLog } from "../src/auth/audit/AuditLog.ts"
import { rowOf } from "../src/auth/audit/AuditRow.ts"
import { signHead } from "../src/auth/audit/SignedHead.ts"
import { ulid } from "../src/auth/audit/Ulid.ts"
import { layerSqlite } from "../src/auth/database/Database.ts"
import { layerPostgres } from "../src/auth/database/Postgres.ts"
import { ClusterKeys } from "../src/auth/keys/ClusterKeys.ts"
import { auditEvent } from "../src/domain/AuditEvent.ts"

// How quick a long audit log is, and how long it holds up everything else that the hub does. Bundle it (esbuild, libsql external) and
// run it with node; the argument is its length. Over PostgreSQL where MEZITE_DATABASE_URL names an empty database, else over SQLite.
const total = Number(process.argv[2] ?? 200_000)
const url = process.env.MEZITE_DATABASE_URL

/** Half of the events are alice's, half are commands, and none is both. */
const typeAt = (seq: number): string => (seq % 1_000 === 0 ? "user.login" : seq % 2 === 0 ? "exec" : "session.command")

const eventAt = (seq: number): ChainedEvent => ({
  seq,
  id: ulid(seq * 1_000),
  timeMs: seq * 1_000,
  type: typeAt(seq),
  user: seq % 2 === 0 ? "alice" : `user${seq % 50}`,
  sessionId: `session-${Math.floor(seq / 100)}`,
  node: seq % 4 < 2 ? "web-1" : "web-2",
  login: "root",
  remoteAddress: "192.0.2.1:4022",
  detail: JSON.stringify({ program: "something", path: "/usr/bin/something", args: ["-l", "--all"], pid: seq }),
})

/** The longest time that nothing else was done. */
const longestTurn = Effect.acquireRelease(
  Effect.sync(() => {
    let [last, longest] = [performance.now(), 0]
    const look = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      return longest
    }
    return { look, timer: setInterval(look, 1) }
  }),
  ({ timer }) => Effect.sync(() => clearInterval(timer)),
)

const timed = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { look } = yield* longestTurn
      const [time] = yield* Effect.timed(effect)
      yield* Console.log(`${name}: ${Duration.toMillis(time).toFixed(1)} ms, longest turn ${look().toFixed(0)} ms`)
    }),
  )

const fill = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  let digest = ""
  for (let filled = 0; filled < total; filled += 1_000) {
    const rows = Array.from({ length: Math.min(1_000, total - filled) }, (_, index) => {
      const event = eventAt(filled + index + 1)
      digest = digestOf(event, digest)
      return { ...rowOf(event, digest) }
    })
    yield* sql`INSERT INTO audit_events ${sql.insert(rows)}`
  }
  const [signer] = (yield* ClusterKeys).recordingKeys
  yield* sql`UPDATE audit_head SET ${sql.update({ ...signHead({ count: total, digest }, signer) })}`
})

const everything: AuditFilter = { type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null }

const filters: ReadonlyArray<readonly [string, Partial<AuditFilter>]> = [
  ["newest 50", { limit: 50 }],
  ["a rare type, newest 50", { type: "user.login", limit: 50 }],
  ["one session's", { sessionId: "session-7" }],
  ["one session's of another type", { sessionId: "session-7", type: "scp" }],
  ["the last day's of one user, newest 50", { user: "user3", sinceMs: (total - 86_400) * 1_000, limit: 50 }],
  ["nobody's in the last hour", { user: "nobody", sinceMs: (total - 3_600) * 1_000 }],
  ["one node's, newest 50", { node: "web-1", limit: 50 }],
  ["a rare type of a busy user", { type: "user.login", user: "alice", limit: 50 }],
  ["a rare type on a busy node", { type: "user.login", node: "web-1" }],
  ["a busy type and a busy user that never meet", { type: "session.command", user: "alice", limit: 50 }],
  ["a busy type, user and node that never meet", { type: "session.command", user: "alice", node: "web-1" }],
  ["a busy user on a node where they never were", { user: "user3", node: "web-1" }],
]

const bench = Effect.gen(function* () {
  const audit = yield* AuditLog
  const list = (filter: Partial<AuditFilter>) => Stream.runCount(audit.list({ ...everything, ...filter }))
  yield* timed(`fill ${total}`, fill)
  yield* Effect.forEach(filters, ([name, filter]) => timed(name, list(filter)), { discard: true })
  const about = (program: string | null, path: string | null) =>
    Stream.runCount(audit.list({ ...everything, limit: 50 }, { program, path }))
  yield* timed("a program that never ran", about("nowhere", null))
  yield* timed("a path's beginning, newest 50", about(null, "/usr/bin/*"))
  yield* timed("all", list({}))
  yield* Console.log(`resident after that: ${Math.round(process.memoryUsage.rss() / 1024 ** 2)} MiB`)
  yield* timed("verify", audit.verify())
  const append = audit.append(auditEvent("exec"))
  yield* timed("100 appends, one after the other, each durable", Effect.repeatN(append, 99))
  const told = Array.from({ length: 1_000 }, () => auditEvent("exec"))
  yield* timed("1000 that a node tells at once", audit.appendAll(told))
  yield* timed("200 appends at once", Effect.replicateEffect(append, 200, { concurrency: "unbounded", discard: true }))
})

const folder = mkdtempSync(join(tmpdir(), "mezite-bench-"))
const layer = AuditLog.layer.pipe(
  Layer.provideMerge(ClusterKeys.layer(Option.none())),
  Layer.provideMerge(url === undefined ? layerSqlite(join(folder, "db")) : layerPostgres(Redacted.make(url))),
)
await Effect.runPromise(Effect.provide(bench, layer)).finally(() => rmSync(folder, { recursive: true, force: true }))
