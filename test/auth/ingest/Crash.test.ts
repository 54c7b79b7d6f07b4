import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Duration, Effect, Exit, Option, Schedule, Scope, Stream } from "effect"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Recordings } from "../../../src/auth/recordings/Recordings.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { masterKey } from "../../support/recordings.ts"
import { joined } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"
import { type CrashPoint, type IngestHub, type IngestHubOptions, ingestHub } from "./support/IngestHub.ts"
import { callAs, type TestCall, type TestNode } from "./support/TestCall.ts"
import { keysOf, partialPath, readStored, sessionsOf, type TestSession } from "./support/TestSession.ts"

const soon = { orphanAfter: Duration.millis(150) }

/** A hub whose process can be ended and started again on what it left. */
const restartable = Effect.fnUntraced(function* (folder: string, first: IngestHubOptions = {}) {
  const outer = yield* Effect.scope
  let scope = yield* Scope.make()
  const initial = scope
  yield* Effect.addFinalizer(() => Scope.close(initial, Exit.void))
  let hub: IngestHub = yield* Scope.extend(ingestHub(folder, first), scope)
  const restart = Effect.fnUntraced(function* (options: IngestHubOptions = {}) {
    yield* Scope.close(scope, Exit.void)
    scope = yield* Scope.make()
    const current = scope
    yield* Effect.addFinalizer(() => Scope.close(current, Exit.void)).pipe(Scope.extend(outer))
    hub = yield* Scope.extend(ingestHub(folder, options), scope)
    return hub
  })
  const node = yield* hub.run(joined("web-1"))
  const session = yield* hub.run(sessionsOf("alice"))
  return { hub: () => hub, restart, node, session }
})

const open = Effect.fnUntraced(function* (hub: IngestHub, node: TestNode, { header }: TestSession) {
  const call = yield* callAs(hub.port, node)
  call.send(header)
  return yield* call.until(({ opened, stored, status }) => [opened, stored, status].some((one) => one !== undefined))
})

/** As an agent does: comes until the hub says that it is stored. */
const bring = Effect.fnUntraced(function* (hub: IngestHub, node: TestNode, session: TestSession) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const call: TestCall = yield* open(hub, node, session)
    if (call.opened !== undefined) call.send(...session.frames.slice(call.opened - 1), session.end)
    if ((yield* call.over).code === status.OK && call.stored !== undefined) return call.stored
  }
  return yield* Effect.dieMessage("the hub does not take the recording")
})

const events = (hub: IngestHub, { info }: TestSession) =>
  hub.run(
    Effect.flatMap(AuditLog, (audit) =>
      Stream.runCollect(
        audit.list({ type: null, user: null, sessionId: info.sessionId, node: null, sinceMs: null, limit: null }),
      ),
    ).pipe(Effect.map((found) => Array.from(found).toReversed())),
  )

const rowOf = (hub: IngestHub, { info }: TestSession) =>
  hub.run(Effect.flatMap(Sessions, (sessions) => sessions.get(info.sessionId))).pipe(Effect.map(Option.getOrUndefined))

const stateOf = (hub: IngestHub, { info }: TestSession) =>
  hub
    .run(Effect.flatMap(Recordings, (recordings) => recordings.get(info.sessionId)))
    .pipe(Effect.map(Option.map(({ state }) => state)))

/** Waits until the session is over, and its recording in its place. */
const ended = (hub: IngestHub, session: TestSession) =>
  Effect.zip(rowOf(hub, session), stateOf(hub, session)).pipe(
    Effect.filterOrFail(
      ([row, state]) => row !== undefined && row.status !== "active" && Option.contains(state, "stored"),
      () => "still active",
    ),
    Effect.map(([row]) => row),
    Effect.retry(Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(200))),
    Effect.orDie,
  )

const points: ReadonlyArray<CrashPoint> = [
  "before started",
  "after started",
  "before ended",
  "after ended",
  "before put",
  "after put",
  "before stored",
  "after stored",
]

describe("a hub that is struck down", () => {
  for (const point of points) {
    it.scopedLive(`${point}, has the recording once and whole when the agent comes back`, () =>
      Effect.gen(function* () {
        const { hub, restart, node, session } = yield* restartable(yield* temporaryFolder, { crashAt: point })
        const one = session({}, 6)
        const call = yield* open(hub(), node, one)
        call.send(...one.frames, one.end)
        // What it has still to bring to its place, it keeps.
        const keeps = /put|stored/.test(point)
        expect((yield* call.over).code).toBe(keeps ? status.OK : status.UNAVAILABLE)
        expect([call.stored, call.kept !== undefined]).toEqual([undefined, keeps])
        const again = yield* restart()
        const stored = yield* bring(again, node, one)
        const { shown, bytes, end } = readStored(again, one)
        expect([shown, bytes.length, end.status]).toEqual([one.shown, stored.bytes, "completed"])
        const told = yield* events(again, one)
        expect(told.map(({ type }) => type)).toEqual(["session.start", "session.end", "session.recording.stored"])
        expect(yield* rowOf(again, one)).toMatchObject({ recording_digest: stored.digest, status: "completed" })
        expect(fs.existsSync(partialPath(again, one))).toBe(false)
      }),
    )

    it.scopedLive(`${point}, ends the session once where the agent does not come back`, () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const { hub, restart, node, session } = yield* restartable(folder, { crashAt: point })
        const one = session({}, 6)
        const call = yield* open(hub(), node, one)
        call.send(...one.frames, one.end)
        yield* call.over
        const again = yield* restart(soon)
        const row = yield* ended(again, one)
        const told = (yield* events(again, one)).map(({ type }) => type)
        expect(told).toEqual(["session.start", "session.end", "session.recording.stored"])
        expect(row?.recording_bytes).toBe(readStored(again, one).bytes.length)
        // Where the agent's End was durable, it holds.
        expect(row?.reason).toBe(point.endsWith("started") ? "agent lost" : "")
      }),
    )
  }

  it.scopedLive("strikes again while it ends an orphan, and ends it once all the same", () =>
    Effect.gen(function* () {
      for (const crashAt of ["before ended", "after ended", "before put", "after put", "before stored"] as const) {
        const { hub, restart, node, session } = yield* restartable(yield* temporaryFolder)
        const one = session({}, 4)
        const call = yield* open(hub(), node, one)
        call.send(...one.frames)
        yield* call.until(({ acked }) => acked === 4)
        const struck = yield* restart({ ...soon, crashAt })
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: struck.struck })
        const last = yield* restart(soon)
        expect(yield* ended(last, one)).toMatchObject({ status: "interrupted", reason: "agent lost" })
        expect((yield* events(last, one)).map(({ type }) => type)).toEqual([
          "session.start",
          "session.end",
          "session.recording.stored",
        ])
        expect(readStored(last, one).shown).toBe(one.shown)
      }
    }),
  )

  it.scopedLive("completes a session that it had ended when its agent comes back, and tells so", () =>
    Effect.gen(function* () {
      for (const key of [undefined, masterKey]) {
        const keyed = key === undefined ? {} : { key }
        const { hub, node, session } = yield* restartable(yield* temporaryFolder, { ...soon, ...keyed })
        const one = session({}, 12)
        const call = yield* open(hub(), node, one)
        call.send(...one.frames.slice(0, 5))
        yield* call.until(({ acked }) => acked === 5)
        hub().cut()
        expect(yield* ended(hub(), one)).toMatchObject({ status: "interrupted", reason: "agent lost", exit_code: null })
        const keys = yield* keysOf(hub(), one, key)
        const before = readStored(hub(), one, keys)
        expect(before.shown).toBe(one.shown.slice(0, 5 * 20))
        const stored = yield* bring(hub(), node, one)
        expect(readStored(hub(), one, keys)).toMatchObject({
          shown: one.shown,
          end: { status: "completed", frames: 12 },
        })
        expect(yield* rowOf(hub(), one)).toMatchObject({
          status: "completed",
          reason: "",
          recording_digest: stored.digest,
        })
        const told = yield* events(hub(), one)
        expect(told.map(({ type, detail }) => [type, detail.completes])).toEqual([
          ["session.start", undefined],
          ["session.end", undefined],
          ["session.recording.stored", false],
          ["session.recording.stored", true],
        ])
        const sealed = readStored(hub(), one, keys).bytes
        yield* bring(hub(), node, one)
        yield* Effect.sleep("400 millis")
        expect(readStored(hub(), one, keys).bytes.equals(sealed)).toBe(true)
      }
    }),
  )

  it.scopedLive("leaves a finished recording alone, whoever comes and goes", () =>
    Effect.gen(function* () {
      const { hub, restart, node, session } = yield* restartable(yield* temporaryFolder, soon)
      const one = session({}, 3)
      const first = yield* bring(hub(), node, one)
      const { bytes } = readStored(hub(), one)
      const call = yield* open(hub(), node, one)
      expect([call.opened, call.stored]).toEqual([undefined, first])
      yield* Effect.sleep("400 millis")
      const again = yield* restart(soon)
      yield* Effect.sleep("400 millis")
      expect(readStored(again, one).bytes.equals(bytes)).toBe(true)
      expect((yield* events(again, one)).length).toBe(3)
    }),
  )
})

const isRoot = process.getuid?.() === 0

describe("a hub whose disk is full", () => {
  it.scopedLive.skipIf(!isRoot)(
    "stops acknowledging, damages nothing, and goes on when there is room (needs root)",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const small = join(folder, "recordings")
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            fs.mkdirSync(small)
            execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", small])
          }),
          () => Effect.sync(() => execFileSync("umount", ["-l", small])),
        )
        const { hub, node, session } = yield* restartable(folder)
        const kept = session({}, 20)
        yield* bring(hub(), node, kept)
        const one = session({}, 2000, 900)
        const call = yield* open(hub(), node, one)
        call.send(...one.frames)
        expect(yield* call.over).toEqual({ code: status.UNAVAILABLE, details: "the hub's disk is full" })
        expect(call.acked).toBeLessThan(2000)
        const refused = yield* open(hub(), node, session())
        expect((yield* refused.over).code).toBe(status.UNAVAILABLE)
        expect(readStored(hub(), kept).shown).toBe(kept.shown)
        execFileSync("mount", ["-o", "remount,size=16m", small])
        const again = yield* open(hub(), node, one)
        expect((again.opened ?? 0) - 1).toBeGreaterThanOrEqual(call.acked)
        again.send(...one.frames.slice((again.opened ?? 1) - 1), one.end)
        expect((yield* again.over).code).toBe(status.OK)
        expect(readStored(hub(), one).shown).toBe(one.shown)
      }),
  )
})
