import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as SqlClient from "@effect/sql/SqlClient"
import { Console, Duration, Effect, Layer, Option, Stream } from "effect"
import { type ChainedEvent, digestOf } from "../src/auth/audit/AuditChain.ts"
import { type AuditFilter, AuditLog } from "../src/auth/audit/AuditLog.ts"
import { rowOf } from "../src/auth/audit/AuditRow.ts"
import { signHead } from "../src/auth/audit/SignedHead.ts"
import { ulid } from "../src/auth/audit/Ulid.ts"
import { layerSqlite } from "../src/auth/database/Database.ts"
import { ClusterKeys } from "../src/auth/keys/ClusterKeys.ts"
import { auditEvent } from "../src/domain/AuditEvent.ts"

// How quick a long audit log is. Bundle it (esbuild, libsql external) and run it with node; the argument is its length.
const total = Number(process.argv[2] ?? 200_000)

const eventAt = (seq: number): ChainedEvent => ({
  seq,
  id: ulid(seq * 1_000),
  timeMs: seq * 1_000,
  type: seq % 1_000 === 0 ? "user.login" : "exec",
  user: `user${seq % 50}`,
  sessionId: `session-${Math.floor(seq / 100)}`,
  node: "web-1",
  login: "root",
  remoteAddress: "192.0.2.1:4022",
  detail: JSON.stringify({ path: "/usr/bin/something", args: ["-l", "--all"], pid: seq }),
})

const timed = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.timed(effect), ([time]) => Console.log(`${name}: ${Duration.toMillis(time).toFixed(1)} ms`))

const fill = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  let digest = ""
  for (let seq = 1; seq <= total; seq++) {
    const event = eventAt(seq)
    digest = digestOf(event, digest)
    yield* sql`INSERT INTO audit_events ${sql.insert({ ...rowOf(event, digest) })}`
  }
  const [signer] = (yield* ClusterKeys).recordingKeys
  yield* sql`UPDATE audit_head SET ${sql.update({ ...signHead({ count: total, digest }, signer) })}`
})

const everything: AuditFilter = { type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null }

const bench = Effect.gen(function* () {
  const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
  const list = (filter: Partial<AuditFilter>) => Stream.runCount(audit.list({ ...everything, ...filter }))
  yield* timed(`fill ${total}`, sql.withTransaction(fill))
  yield* timed("newest 50", list({ limit: 50 }))
  yield* timed("a rare type, newest 50", list({ type: "user.login", limit: 50 }))
  yield* timed("one session's", list({ sessionId: "session-7" }))
  yield* timed(
    "the last day's of one user, newest 50",
    list({ user: "user3", sinceMs: (total - 86_400) * 1_000, limit: 50 }),
  )
  yield* timed("nobody's in the last hour", list({ user: "nobody", sinceMs: (total - 3_600) * 1_000 }))
  yield* timed("one node's, newest 50", list({ node: "web-1", limit: 50 }))
  yield* timed("all", list({}))
  yield* Console.log(`resident after that: ${Math.round(process.memoryUsage.rss() / 1024 ** 2)} MiB`)
  yield* timed("verify", audit.verify())
  yield* timed("100 appends, each durable", Effect.repeatN(audit.append(auditEvent("exec")), 99))
})

const folder = mkdtempSync(join(tmpdir(), "mezite-bench-"))
const layer = AuditLog.layer.pipe(
  Layer.provideMerge(ClusterKeys.layer(Option.none())),
  Layer.provideMerge(layerSqlite(join(folder, "db"))),
)
await Effect.runPromise(Effect.provide(bench, layer)).finally(() => rmSync(folder, { recursive: true, force: true }))
