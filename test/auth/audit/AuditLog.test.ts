import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Array as Arr, Chunk, Effect, Either, Layer, Option, Stream, TestClock } from "effect"
import { digestOf } from "../../../src/auth/audit/AuditChain.ts"
import { type AuditFilter, AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { chain, rowOf } from "../../../src/auth/audit/AuditRow.ts"
import { signHead } from "../../../src/auth/audit/SignedHead.ts"
import { ulid } from "../../../src/auth/audit/Ulid.ts"
import { ClusterKeys } from "../../../src/auth/keys/ClusterKeys.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
import { layerTestDatabase } from "../support/TestHub.ts"

const layer = AuditLog.layer.pipe(
  Layer.provideMerge(ClusterKeys.layer(Option.none())),
  Layer.provideMerge(layerTestDatabase),
)
const everything: AuditFilter = { type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null }

const list = (filter: Partial<AuditFilter> = {}) =>
  Effect.flatMap(AuditLog, (audit) =>
    Effect.map(Stream.runCollect(audit.list({ ...everything, ...filter })), Chunk.toReadonlyArray),
  )

const eventAt = (index: number) =>
  auditEvent(index % 2 === 0 ? "user.login" : "exec", {
    user: index % 3 === 0 ? "alice" : "bob",
    session_id: index % 5 === 0 ? "s" : null,
    node: index % 7 === 0 ? "web-1" : "web-2",
    detail: { index },
  })

/** Ten events share a time. */
const fill = (count: number) =>
  Effect.flatMap(AuditLog, (audit) =>
    Effect.forEach(Arr.chunksOf(Arr.makeBy(count, eventAt), 10), (events) =>
      Effect.zipRight(TestClock.adjust("1 minute"), audit.appendAll(events)),
    ).pipe(Effect.map(Arr.flatten)),
  )

it.scoped("lists the newest first, over many pages, by every filter", () =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const events = yield* sql.withTransaction(fill(1_203))
    const newest = [...events].reverse()
    expect(yield* list()).toEqual(newest)
    expect(yield* list({ limit: 501 })).toEqual(newest.slice(0, 501))
    expect(yield* list({ limit: 500 })).toEqual(newest.slice(0, 500))
    expect(yield* list({ type: "exec" })).toEqual(newest.filter(({ type }) => type === "exec"))
    expect(yield* list({ user: "alice", limit: 7 })).toEqual(newest.filter(({ user }) => user === "alice").slice(0, 7))
    expect(yield* list({ node: "web-1", type: "exec", limit: 9 })).toEqual(
      newest.filter(({ node, type }) => node === "web-1" && type === "exec").slice(0, 9),
    )
    expect(yield* list({ sessionId: "s" })).toEqual(newest.filter(({ session_id }) => session_id === "s"))
    const since = Date.parse(newest[702]?.time ?? "")
    expect(yield* list({ sinceMs: since })).toEqual(newest.slice(0, 703))
    expect(yield* list({ sinceMs: since, type: "user.login", user: "bob", limit: 600 })).toEqual(
      newest.slice(0, 703).filter(({ type, user }) => type === "user.login" && user === "bob"),
    )
    expect(yield* list({ sinceMs: Date.parse(newest[0]?.time ?? "") + 1 })).toEqual([])
    expect(yield* Effect.flatMap(AuditLog, (audit) => audit.verify())).toMatchObject({ events: 1_203, problem: null })
  }).pipe(Effect.provide(layer)),
)

it.scoped("keeps one chain when many append at once", () =>
  Effect.gen(function* () {
    const audit = yield* AuditLog
    yield* Effect.forEach(Array.from({ length: 200 }), () => audit.append(auditEvent("exec")), {
      concurrency: "unbounded",
    })
    expect(yield* audit.verify()).toMatchObject({ events: 200, problem: null })
  }).pipe(Effect.provide(layer)),
)

it.scoped("takes an event back with the change that it tells of", () =>
  Effect.gen(function* () {
    const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
    const failed = sql.withTransaction(Effect.zipRight(audit.append(auditEvent("exec")), Effect.fail("no")))
    expect(Either.isLeft(yield* Effect.either(failed))).toBe(true)
    yield* audit.append(auditEvent("scp"))
    expect((yield* list()).map(({ type }) => type)).toEqual(["scp"])
    expect(yield* audit.verify()).toMatchObject({ events: 1, problem: null })
  }).pipe(Effect.provide(layer)),
)

it.scoped("stores what no database would take as it is: NUL, lone surrogates, endless names", () =>
  Effect.gen(function* () {
    const audit = yield* AuditLog
    const user = `a\0b\ud800${"x".repeat(10_000)}`
    yield* audit.append(auditEvent("user.login.failed", { user, detail: { "\ud800": "\0", deep: [null, { a: 1.5 }] } }))
    const [event] = yield* list()
    expect(event?.user?.startsWith("ab\ufffdx")).toBe(true)
    expect(event?.user?.length).toBeLessThanOrEqual(512)
    expect(event?.detail).toEqual({ "\ud800": "\0", deep: [null, { a: 1.5 }] })
    expect(yield* audit.verify()).toMatchObject({ events: 1, problem: null })
  }).pipe(Effect.provide(layer)),
)

/** What an attacker does who may write to the database, by its statements, and what verify says; `#n`: the id of event n. */
const forgeries: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
  [
    "a changed detail",
    [`UPDATE audit_events SET detail = '{"a":1}' WHERE seq = 1020`],
    "event 1020 (#1020) does not follow from event 1019 (#1019): one of them was changed, moved or put in",
  ],
  [
    "a changed time",
    ["UPDATE audit_events SET time_ms = time_ms + 1 WHERE seq = 1"],
    "event 1 (#1) does not begin the log: one of them was changed, moved or put in",
  ],
  [
    "a removed event",
    ["DELETE FROM audit_events WHERE seq = 1001"],
    "event 1001 is missing: event 1002 (#1002) comes next",
  ],
  [
    "removed events at a page's edge",
    ["DELETE FROM audit_events WHERE seq BETWEEN 999 AND 1001"],
    "events 999 to 1001 are missing: event 1002 (#1002) comes next",
  ],
  [
    "a removed event whose place was closed",
    ["DELETE FROM audit_events WHERE seq = 1049", "UPDATE audit_events SET seq = 1049 WHERE seq = 1050"],
    "event 1049 (#1050) does not follow from event 1048 (#1048): one of them was changed, moved or put in",
  ],
  [
    "a removed tail",
    ["DELETE FROM audit_events WHERE seq > 1040"],
    "10 events are missing at the end, after event 1040 (#1040)",
  ],
  ["everything removed", ["DELETE FROM audit_events"], "1050 events are missing at the end, from the beginning"],
  [
    "a tail that was removed with the head's count",
    ["DELETE FROM audit_events WHERE seq > 1040", "UPDATE audit_head SET count = 1040"],
    "event 1040 (#1040) is not the one that the log's head names",
  ],
  [
    "a tail that was removed with its head",
    [
      "DELETE FROM audit_events WHERE seq > 1040",
      "UPDATE audit_head SET count = 1040, digest = (SELECT digest FROM audit_events WHERE seq = 1040)",
    ],
    "the log's head, 1040:HEX, is not signed with this cluster's recording key",
  ],
  ["a removed head", ["DELETE FROM audit_head"], "the log has lost its head"],
  [
    "an event that was put in at the end",
    [
      `INSERT INTO audit_events SELECT 1051, 'forged', time_ms, type, user_name,
    session_id, node, login, remote_address, detail, digest FROM audit_events WHERE seq = 3`,
    ],
    "event 1051 (forged) stands behind the end of the log",
  ],
  [
    "an event that was put in before the first",
    [
      `INSERT INTO audit_events SELECT -1, 'forged', time_ms, type, user_name,
    session_id, node, login, remote_address, detail, digest FROM audit_events WHERE seq = 3`,
    ],
    "event -1 (forged) stands before the beginning of the log",
  ],
  [
    "a second event in one place, at a page's edge, where the table was made anew without constraints",
    [
      "CREATE TABLE made_anew AS SELECT * FROM audit_events",
      "DROP TABLE audit_events",
      "ALTER TABLE made_anew RENAME TO audit_events",
      `INSERT INTO audit_events SELECT seq, 'forged', time_ms, type, user_name,
    session_id, node, login, remote_address, detail, digest FROM audit_events WHERE seq = 250`,
    ],
    "event 250 (forged) does not follow from event 250 (#250): one of them was changed, moved or put in",
  ],
  [
    "two that changed places",
    [
      "UPDATE audit_events SET seq = 90000 WHERE seq = 10",
      "UPDATE audit_events SET seq = 10 WHERE seq = 11",
      "UPDATE audit_events SET seq = 11 WHERE seq = 90000",
    ],
    "event 10 (#11) does not follow from event 9 (#9): one of them was changed, moved or put in",
  ],
]

const triggers = ["audit_no_update", "audit_no_delete", "audit_head_no_delete", "audit_head_forward"]

/** What whoever knows of them does first. */
const dropTriggers = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.forEach(
    sql.onDialectOrElse({
      pg: () => ["audit_events", "audit_head"].map((table) => `ALTER TABLE ${table} DISABLE TRIGGER USER`),
      orElse: () => triggers.map((name) => `DROP TRIGGER ${name}`),
    }),
    (statement) => sql.unsafe(statement),
    { discard: true },
  ),
)

/** A log of 1,050 events, more than are verified at a time, in one go. */
const filled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [signer] = (yield* ClusterKeys).recordingKeys
  let digest = ""
  const rows = Array.from({ length: 1_050 }, (_, index) => {
    const event = chain(auditEvent("exec"), index + 1, ulid(index), index)
    digest = digestOf(event, digest)
    return rowOf(event, digest)
  })
  for (const some of Arr.chunksOf(rows, 500))
    yield* sql`INSERT INTO audit_events ${sql.insert(some.map((row) => ({ ...row })))}`
  yield* sql`UPDATE audit_head SET ${sql.update({ ...signHead({ count: rows.length, digest }, signer) })}`
  return rows
})

it.scoped.each(forgeries)("verify finds %s", ([, statements, words]) =>
  Effect.gen(function* () {
    const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
    const events = yield* filled
    yield* dropTriggers
    for (const statement of statements) yield* sql.unsafe(statement)
    const expected = words.replaceAll(/#(\d+)/g, (_, seq) => events[Number(seq) - 1]?.id ?? seq)
    const { problem } = yield* audit.verify()
    expect(problem?.replace(/:[0-9a-f]{64}/, ":HEX")).toBe(expected)
  }).pipe(Effect.provide(layer)),
)

/** What only SQLite takes, where a BIGINT is anything. */
const looseNumbers: ReadonlyArray<readonly [string, string, string]> = [
  ["without a number", "NULL", "an event without a number (forged) was put in"],
  [
    "between two, at a page's edge",
    "250.5",
    "event 250.5 (forged) does not follow from event 250 (#250): one of them was changed, moved or put in",
  ],
  ["with a word for a number", "'last'", "event last (forged) stands behind the end of the log"],
]

it.scoped.each(looseNumbers)("verify finds in SQLite an event that was put in %s", ([, seq, words]) =>
  Effect.gen(function* () {
    const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
    if (sql.onDialectOrElse({ pg: () => true, orElse: () => false })) return
    const events = yield* filled
    yield* sql.unsafe(`INSERT INTO audit_events SELECT ${seq}, 'forged', time_ms, type, user_name,
      session_id, node, login, remote_address, detail, digest FROM audit_events WHERE seq = 3`)
    const { problem } = yield* audit.verify()
    expect(problem).toBe(words.replace("#250", events[249]?.id ?? ""))
  }).pipe(Effect.provide(layer)),
)

it.scoped("refuses to change or remove an event, or to go back, as long as its triggers stand", () =>
  Effect.gen(function* () {
    const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
    yield* Effect.replicateEffect(audit.append(auditEvent("exec")), 3)
    for (const statement of [
      "UPDATE audit_events SET user_name = 'nobody'",
      "DELETE FROM audit_events WHERE seq = 3",
      "DELETE FROM audit_head",
      "UPDATE audit_head SET count = 2",
    ]) {
      expect(String((yield* Effect.flip(sql.unsafe(statement))).cause)).toContain("only ever appended to")
    }
    expect(yield* audit.verify()).toMatchObject({ events: 3, problem: null })
  }).pipe(Effect.provide(layer)),
)

it.scoped(
  "verify finds by a head of before what whoever has the keys did: a log that was cut off, or written anew",
  () =>
    Effect.gen(function* () {
      const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
      const [signer] = (yield* ClusterKeys).recordingKeys
      yield* filled
      const { count, digest } = yield* audit.head
      const known = [{ head: { count, digest }, source: "yesterday" }]
      yield* audit.append(auditEvent("scp"))
      expect(yield* audit.verify(known)).toMatchObject({ events: 1_051, problem: null })
      yield* dropTriggers
      yield* sql`DELETE FROM audit_events WHERE seq > 1040`
      const [last] = yield* sql<{ digest: string }>`SELECT digest FROM audit_events WHERE seq = 1040`
      const head = signHead({ count: 1_040, digest: last?.digest ?? "" }, signer)
      yield* sql`UPDATE audit_head SET ${sql.update({ ...head })}`
      expect(yield* audit.verify()).toMatchObject({ events: 1_040, problem: null })
      expect((yield* audit.verify(known)).problem).toBe(
        "the log has 1040 events, and had 1050 yesterday: the last ones were removed",
      )
      yield* Effect.replicateEffect(audit.append(auditEvent("scp")), 20)
      expect((yield* audit.verify(known)).problem).toMatch(/^event 1050 \(\w{26}\) is another than it was yesterday: /)
    }).pipe(Effect.provide(layer)),
)
