import * as SqlClient from "@effect/sql/SqlClient"
import { expect, it } from "@effect/vitest"
import { Chunk, Effect, Either, Layer, Stream, TestClock } from "effect"
import { type AuditFilter, AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
import { layerTestDatabase } from "../support/TestHub.ts"

const layer = Layer.provideMerge(AuditLog.layer, layerTestDatabase)
const everything: AuditFilter = { type: null, user: null, sessionId: null, sinceMs: null, limit: null }

const list = (filter: Partial<AuditFilter> = {}) =>
  Effect.flatMap(AuditLog, (audit) =>
    Effect.map(Stream.runCollect(audit.list({ ...everything, ...filter })), Chunk.toReadonlyArray),
  )

const fill = (count: number) =>
  Effect.flatMap(AuditLog, (audit) =>
    Effect.forEach(Array.from({ length: count }), (_, index) =>
      Effect.zipRight(
        // Ten events share a time.
        index % 10 === 0 ? TestClock.adjust("1 minute") : Effect.void,
        audit.append(
          auditEvent(index % 2 === 0 ? "user.login" : "exec", {
            user: index % 3 === 0 ? "alice" : "bob",
            session_id: index % 5 === 0 ? "s" : null,
            detail: { index },
          }),
        ),
      ),
    ),
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
    expect(yield* list({ sessionId: "s" })).toEqual(newest.filter(({ session_id }) => session_id === "s"))
    const since = Date.parse(newest[702]?.time ?? "")
    expect(yield* list({ sinceMs: since })).toEqual(newest.slice(0, 703))
    expect(yield* list({ sinceMs: since, type: "user.login", user: "bob", limit: 600 })).toEqual(
      newest.slice(0, 703).filter(({ type, user }) => type === "user.login" && user === "bob"),
    )
    expect(yield* list({ sinceMs: Date.parse(newest[0]?.time ?? "") + 1 })).toEqual([])
    expect(yield* Effect.flatMap(AuditLog, (audit) => audit.verify)).toEqual({ events: 1_203, broken_at: null })
  }).pipe(Effect.provide(layer)),
)

it.scoped("keeps one chain when many append at once", () =>
  Effect.gen(function* () {
    const audit = yield* AuditLog
    yield* Effect.forEach(Array.from({ length: 200 }), () => audit.append(auditEvent("exec")), {
      concurrency: "unbounded",
    })
    expect(yield* audit.verify).toEqual({ events: 200, broken_at: null })
  }).pipe(Effect.provide(layer)),
)

it.scoped("takes an event back with the change that it tells of", () =>
  Effect.gen(function* () {
    const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
    const failed = sql.withTransaction(Effect.zipRight(audit.append(auditEvent("exec")), Effect.fail("no")))
    expect(Either.isLeft(yield* Effect.either(failed))).toBe(true)
    yield* audit.append(auditEvent("scp"))
    expect((yield* list()).map(({ type }) => type)).toEqual(["scp"])
    expect(yield* audit.verify).toEqual({ events: 1, broken_at: null })
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
    expect(yield* audit.verify).toEqual({ events: 1, broken_at: null })
  }).pipe(Effect.provide(layer)),
)

const forgeries: ReadonlyArray<readonly [string, ReadonlyArray<string>, string]> = [
  ["a changed detail", [`UPDATE audit_events SET detail = '{"a":1}' WHERE seq = 1020`], "1020"],
  ["a changed time", ["UPDATE audit_events SET time_ms = time_ms + 1 WHERE seq = 7"], "7"],
  ["a removed event", ["DELETE FROM audit_events WHERE seq = 1001"], "1002"],
  [
    "a removed event whose place was closed",
    ["DELETE FROM audit_events WHERE seq = 1049", "UPDATE audit_events SET seq = 1049 WHERE seq = 1050"],
    "1050",
  ],
  ["a removed tail", ["DELETE FROM audit_events WHERE seq > 1040"], "after 1040: 10 events are missing"],
  ["everything removed", ["DELETE FROM audit_events"], "after the beginning: 1050 events are missing"],
  [
    "a tail that was removed with its head",
    ["DELETE FROM audit_events WHERE seq > 1040", "UPDATE audit_head SET count = 1040"],
    "1040",
  ],
  [
    "an event that was put in at the end",
    [
      `INSERT INTO audit_events SELECT 1051, 'forged', time_ms, type, user_name,
    session_id, node, login, remote_address, detail, digest FROM audit_events WHERE seq = 3`,
    ],
    "forged",
  ],
  [
    "two that changed places",
    [
      "UPDATE audit_events SET seq = 90000 WHERE seq = 10",
      "UPDATE audit_events SET seq = 10 WHERE seq = 11",
      "UPDATE audit_events SET seq = 11 WHERE seq = 90000",
    ],
    "11",
  ],
]

it.scoped.each(forgeries)("verify finds %s", ([, statements, broken]) =>
  Effect.gen(function* () {
    const [sql, audit] = [yield* SqlClient.SqlClient, yield* AuditLog]
    const events = yield* sql.withTransaction(
      Effect.forEach(Array.from({ length: 1_050 }), () => audit.append(auditEvent("exec"))),
    )
    for (const statement of statements) yield* sql.unsafe(statement)
    const expected = broken.replace(/\d+/, (seq) => events[Number(seq) - 1]?.id ?? seq)
    expect((yield* audit.verify).broken_at).toBe(broken.startsWith("after the") ? broken : expected)
  }).pipe(Effect.provide(layer)),
)
