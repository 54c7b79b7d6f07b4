import { randomUUID } from "node:crypto"
import * as SqlClient from "@effect/sql/SqlClient"
import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Option, Stream } from "effect"
import { Identity } from "../../../src/api/Identity.ts"
import { everySession } from "../../../src/auth/access/SessionScope.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { EventOrigin } from "../../../src/auth/audit/EventOrigin.ts"
import { Recordings } from "../../../src/auth/recordings/Recordings.ts"
import type { SessionFilter } from "../../../src/auth/sessions/internal/sessionPages.ts"
import { NodeReports } from "../../../src/auth/sessions/NodeReports.ts"
import type { EndedSession } from "../../../src/auth/sessions/SessionRecord.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { auditEvent } from "../../../src/domain/AuditEvent.ts"
import { NodeId, NodeName, SessionId } from "../../../src/domain/Identifiers.ts"
import { sessionInfo } from "../support/Fixtures.ts"
import { layerTestHub } from "../support/TestHub.ts"

const everything: SessionFilter = {
  scope: everySession,
  user: null,
  node: null,
  sinceMs: null,
  active: false,
}
const list = (filter: Partial<SessionFilter> = {}) =>
  Effect.flatMap(Sessions, (sessions) =>
    Effect.map(Stream.runCollect(sessions.list({ ...everything, ...filter })), Chunk.toReadonlyArray),
  )
const events = Effect.flatMap(AuditLog, (audit) =>
  Effect.map(
    Stream.runCollect(audit.list({ type: null, user: null, sessionId: null, node: null, sinceMs: null, limit: null })),
    Chunk.toReadonlyArray,
  ),
)
const over = (sessionId: string, about: Partial<EndedSession> = {}): EndedSession => ({
  sessionId: SessionId.make(sessionId),
  end: { durationMs: 61_000, exit: { _tag: "Code", code: 3 }, status: "completed", reason: "" },
  frames: 7,
  bytes: 99,
  recording: { digest: "ab".repeat(32), bytes: 4_096 },
  ...about,
})

describe("a session", () => {
  it.scoped("is stored once with its events, from start to end", () =>
    Effect.gen(function* () {
      const [sessions, recordings] = [yield* Sessions, yield* Recordings]
      const info = sessionInfo()
      expect(yield* sessions.started(info)).toBe("started")
      expect(yield* sessions.started(info)).toBe("known")
      expect(yield* list({ active: true })).toMatchObject([{ status: "active", ended_at: null, recording_bytes: null }])
      yield* recordings.begun(SessionId.make(info.sessionId), false)
      expect(yield* sessions.ended(over(info.sessionId))).toBe("ended")
      expect(yield* sessions.ended(over(info.sessionId))).toBe("known")
      expect(yield* list({ active: true })).toEqual([])
      expect(yield* list()).toEqual([
        {
          session_id: info.sessionId,
          user: "alice",
          node: "web-1",
          login: "root",
          remote_address: "192.0.2.3:4022",
          started_at: "2023-11-14T22:13:20.000Z",
          ended_at: "2023-11-14T22:14:21.000Z",
          ended_by: null,
          mode: "node-sync",
          mode_source: "cluster",
          status: "completed",
          command: "",
          exit_code: 3,
          exit_signal: null,
          reason: "",
          recording_bytes: 4_096,
          recording_digest: "ab".repeat(32),
        },
      ])
      expect(yield* recordings.stored(SessionId.make(info.sessionId), "cd".repeat(32))).toBe(false)
      expect(yield* recordings.stored(SessionId.make(info.sessionId), "ab".repeat(32))).toBe(true)
      expect(yield* recordings.stored(SessionId.make(info.sessionId), "ab".repeat(32))).toBe(false)
      const [stored, end, start] = yield* events
      expect(start).toMatchObject({ type: "session.start", user: "alice", node: "web-1", session_id: info.sessionId })
      expect(end).toMatchObject({
        type: "session.end",
        detail: { duration_ms: 61_000, exit_code: 3, frames: 7, bytes: 99, recording_digest: "ab".repeat(32) },
      })
      expect(stored).toMatchObject({ type: "session.recording.stored", detail: { bytes: 4_096, completes: false } })
      expect(yield* events).toHaveLength(3)
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("that was cut off is completed by what its agent brings later, and its end is told once", () =>
    Effect.gen(function* () {
      const [sessions, recordings] = [yield* Sessions, yield* Recordings]
      const info = sessionInfo()
      yield* sessions.started(info)
      yield* recordings.begun(SessionId.make(info.sessionId), false)
      const lost = { durationMs: 5, status: "interrupted", reason: "agent lost" } as const
      yield* sessions.ended(over(info.sessionId, { end: lost, recording: { digest: "cd", bytes: 1 } }))
      yield* recordings.stored(SessionId.make(info.sessionId), "cd")
      expect(yield* list()).toMatchObject([{ status: "interrupted", reason: "agent lost", exit_code: null }])
      const full = over(info.sessionId, {
        end: { durationMs: 9, exit: { _tag: "Signal", signal: "HUP" }, status: "completed", reason: "" },
      })
      yield* recordings.resumed(SessionId.make(info.sessionId))
      expect(yield* sessions.ended(full)).toBe("completed")
      yield* recordings.stored(SessionId.make(info.sessionId), "ab".repeat(32))
      expect(yield* list()).toMatchObject([
        { status: "completed", exit_signal: "HUP", recording_digest: "ab".repeat(32) },
      ])
      expect((yield* events).map(({ type, detail }) => [type, detail.completes])).toEqual([
        ["session.recording.stored", true],
        ["session.recording.stored", false],
        ["session.end", undefined],
        ["session.start", undefined],
      ])
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("that somebody ends is told of with where they are, and not with where its user is", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const [far, here] = [sessionInfo(), sessionInfo()]
      yield* Effect.forEach([far, here], (info) => sessions.started(info))
      const end = (info: typeof far) =>
        sessions.terminate(SessionId.make(info.sessionId), { by: "ada", reason: "lunch" })
      yield* Effect.provideService(end(far), EventOrigin, "198.51.100.7:5022")
      yield* end(here)
      const ordered = { type: "session.terminate", user: "ada", node: "web-1" }
      expect((yield* events).slice(0, 2)).toMatchObject([
        { ...ordered, session_id: here.sessionId, remote_address: null },
        { ...ordered, session_id: far.sessionId, remote_address: "198.51.100.7:5022" },
      ])
    }).pipe(Effect.provide(layerTestHub())),
  )

  it.scoped("without a recording is unrecorded; one that never began cannot end; an id is one session's", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const info = sessionInfo({ mode: "off" })
      yield* sessions.started(info)
      yield* sessions.ended(over(info.sessionId, { recording: null }))
      expect(Option.map(yield* sessions.get(info.sessionId), ({ status }) => status)).toEqual(Option.some("unrecorded"))
      expect((yield* events).map(({ type }) => type)).toEqual(["session.end", "session.start"])
      expect(yield* Effect.flip(sessions.ended(over(randomUUID())))).toMatchObject({ _tag: "NotFound" })
      for (const about of [{ node: "web-2" }, { user: "bob" }, { startedAtMs: 5 }]) {
        expect(yield* Effect.flip(sessions.started({ ...info, ...about }))).toMatchObject({ _tag: "Conflict" })
      }
    }).pipe(Effect.provide(layerTestHub())),
  )
})

it.scoped("lists by every filter over many pages, also of sessions that began at once", () =>
  Effect.gen(function* () {
    const [sql, sessions] = [yield* SqlClient.SqlClient, yield* Sessions]
    const infos = Array.from({ length: 450 }, (_, index) =>
      sessionInfo({
        startedAtMs: Math.floor(index / 10),
        user: index % 2 === 0 ? "alice" : "bob",
        node: index % 3 === 0 ? "web-1" : "web-2",
      }),
    )
    yield* sql.withTransaction(Effect.forEach(infos, sessions.started))
    const newest = [...infos].sort((a, b) => b.startedAtMs - a.startedAtMs || (a.sessionId < b.sessionId ? 1 : -1))
    const ids = (filter: Partial<SessionFilter>) =>
      Effect.map(list(filter), (all) => all.map(({ session_id }) => session_id))
    const expected = (keep: (info: (typeof infos)[number]) => boolean) =>
      newest.filter(keep).map(({ sessionId }) => sessionId)
    expect(yield* ids({})).toEqual(expected(() => true))
    expect(yield* ids({ user: "bob" })).toEqual(expected(({ user }) => user === "bob"))
    expect(yield* ids({ node: "web-1", sinceMs: 20 })).toEqual(
      expected(({ node, startedAtMs }) => node === "web-1" && startedAtMs >= 20),
    )
  }).pipe(Effect.provide(layerTestHub())),
)

const node = { ...Identity.Node({ id: NodeId.make(randomUUID()), name: NodeName.make("web-1") }) }

it.scoped("nodes tell only what is theirs to tell, under their own name", () =>
  Effect.gen(function* () {
    const [reports, sessions] = [yield* NodeReports, yield* Sessions]
    const [own, others] = [sessionInfo(), sessionInfo({ node: "web-2" })]
    yield* Effect.forEach([own, others], sessions.started)
    const before = (yield* events).length
    const report = (...about: Parameters<typeof auditEvent>) =>
      reports.report(node, { id: randomUUID(), events: [auditEvent(...about)] })
    yield* report("session.rejected", { node: "forged", session_id: randomUUID(), detail: { reason: "disk full" } })
    yield* report("scp", { session_id: own.sessionId })
    expect((yield* events).slice(0, 2).map((event) => [event.type, event.node])).toEqual([
      ["scp", "web-1"],
      ["session.rejected", "web-1"],
    ])
    for (const type of [
      "session.start",
      "session.end",
      "user.login",
      "config.update",
      "session.recording.stored",
    ] as const) {
      expect(yield* Effect.flip(report(type))).toMatchObject({ _tag: "Forbidden" })
    }
    expect(yield* Effect.flip(report("scp", { session_id: others.sessionId }))).toMatchObject({ _tag: "Forbidden" })
    expect(yield* Effect.flip(report("exec", { detail: { big: "x".repeat(20_000) } }))).toMatchObject({
      _tag: "Invalid",
    })
    const deep = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) as unknown
    expect(yield* Effect.flip(report("exec", { detail: { deep } }))).toMatchObject({ _tag: "Invalid" })
    expect(yield* events).toHaveLength(before + 2)

    const batch = { id: randomUUID(), events: [auditEvent("sftp"), auditEvent("port")] }
    yield* reports.report(node, batch)
    yield* reports.report(node, batch)
    expect((yield* events).slice(0, 2).map(({ type }) => type)).toEqual(["port", "sftp"])
    const half = { id: randomUUID(), events: [auditEvent("sftp"), auditEvent("user.login")] }
    expect(yield* Effect.flip(reports.report(node, half))).toMatchObject({ _tag: "Forbidden" })
    expect(yield* events).toHaveLength(before + 4)
  }).pipe(Effect.provide(layerTestHub())),
)
