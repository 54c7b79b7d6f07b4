import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { connect } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import { status } from "@grpc/grpc-js"
import { Effect, Redacted, Schedule, Stream } from "effect"
import { mintUserToken } from "../../../src/api/BearerToken.ts"
import { AuditLog } from "../../../src/auth/audit/AuditLog.ts"
import { Users } from "../../../src/auth/identities/Users.ts"
import { blobIssuedAtMs } from "../../../src/auth/keys/CertificateTimes.ts"
import { Sessions } from "../../../src/auth/sessions/Sessions.ts"
import { UserName } from "../../../src/domain/Identifiers.ts"
import { masterKey } from "../../support/recordings.ts"
import { invited, joined, loggedIn } from "../support/Fixtures.ts"
import { temporaryFolder } from "../support/TestHub.ts"
import { ingestHub } from "./support/IngestHub.ts"
import { callAs, callWith } from "./support/TestCall.ts"
import { keysOf, partialPath, readStored, sessionsOf, storedPath, type TestSession } from "./support/TestSession.ts"

const scene = Effect.fnUntraced(function* (options: Parameters<typeof ingestHub>[1] = {}) {
  const hub = yield* ingestHub(yield* temporaryFolder, options)
  const node = yield* hub.run(joined("web-1"))
  const session = yield* hub.run(sessionsOf("alice"))
  const open = Effect.fnUntraced(function* ({ header }: TestSession) {
    const call = yield* callAs(hub.port, node)
    call.send(header)
    return yield* call.until(({ opened, stored, status }) => [opened, stored, status].some((one) => one !== undefined))
  })
  return { hub, node, session, open }
})

const events = (sessionId: string) =>
  Effect.flatMap(AuditLog, (audit) =>
    Stream.runCollect(audit.list({ type: null, user: null, sessionId, node: null, sinceMs: null, limit: null })),
  ).pipe(Effect.map((found) => Array.from(found, ({ type }) => type).toReversed()))

/** While the scope is open, fdatasync waits for `release`, and fails where `error` is set. */
const heldSync = Effect.acquireRelease(
  Effect.sync(() => {
    const real = fs.fdatasync
    const waiting: Array<() => void> = []
    const held = {
      error: undefined as NodeJS.ErrnoException | undefined,
      open: false,
      waiting,
      release: (): void => {
        held.open = true
        for (const go of waiting.splice(0)) go()
      },
      restore: (): void => {
        fs.fdatasync = real
        syncBuiltinESMExports()
      },
    }
    const slow = (fd: number, done: (error: NodeJS.ErrnoException | null) => void): void => {
      const go = (): void => (held.error === undefined ? real(fd, done) : done(held.error))
      if (held.open) go()
      else waiting.push(go)
    }
    fs.fdatasync = slow as typeof fs.fdatasync
    syncBuiltinESMExports()
    return held
  }),
  ({ release, restore }) =>
    Effect.sync(() => {
      restore()
      release()
    }),
)

describe("the recording ingest", () => {
  it.scopedLive("stores a session as it happens, in clear and encrypted", () =>
    Effect.gen(function* () {
      for (const key of [undefined, masterKey]) {
        const { hub, session, open } = yield* scene(key === undefined ? {} : { key })
        const one = session({}, 200)
        const call = yield* open(one)
        expect(call.opened).toBe(1)
        call.send(...one.frames)
        yield* call.until(({ acked }) => acked === 200)
        expect([...call.acks]).toEqual([...call.acks].toSorted((a, b) => a - b))
        call.send(one.end)
        expect(yield* call.over).toMatchObject({ code: status.OK })
        const { shown, end, bytes } = readStored(hub, one, yield* keysOf(hub, one, key))
        expect(shown).toBe(one.shown)
        expect(bytes.includes(one.shown.slice(0, 20))).toBe(key === undefined)
        expect(end).toMatchObject({ status: "completed", exit: { _tag: "Code", code: 3 }, frames: 200 })
        expect(call.stored?.bytes).toBe(bytes.length)
        expect(yield* hub.run(events(one.info.sessionId))).toEqual([
          "session.start",
          "session.end",
          "session.recording.stored",
        ])
        expect(fs.statSync(storedPath(hub, one)).mode & 0o777).toBe(0o600)
        expect(fs.existsSync(partialPath(hub, one))).toBe(false)
      }
    }),
  )

  it.scopedLive("acknowledges nothing that is not synced, and nothing more once syncing fails", () =>
    Effect.gen(function* () {
      const { session, open } = yield* scene()
      const one = session({}, 3)
      const call = yield* open(one)
      const held = yield* heldSync
      call.send(...one.frames)
      yield* Effect.async<void>((resume) => {
        const timer = setInterval(() => {
          if (held.waiting.length === 0 || call.acks.length < 2) return
          clearInterval(timer)
          resume(Effect.void)
        }, 20)
      })
      expect(call.acked).toBe(0)
      held.error = Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" })
      held.release()
      expect(yield* call.over).toEqual({ code: status.UNAVAILABLE, details: "the hub cannot write the recording" })
      expect(call.acked).toBe(0)
      held.restore()
      const again = yield* open(one)
      again.send(...one.frames.slice((again.opened ?? 1) - 1), one.end)
      expect((yield* again.over).code).toBe(status.OK)
    }),
  )

  it.scopedLive("is heard each second, also when nothing happens", () =>
    Effect.gen(function* () {
      const { session, open } = yield* scene()
      for (const mode of ["node-sync", "off"] as const) {
        const call = yield* open(session({ mode }))
        const since = performance.now()
        yield* call.until(({ acks }) => acks.length >= 2)
        expect(performance.now() - since).toBeLessThan(3000)
        call.cancel()
      }
    }),
  )

  it.scopedLive("goes on at the right frame after the stream broke, passing over what it has", () =>
    Effect.gen(function* () {
      const { hub, session, open } = yield* scene()
      const one = session({}, 20)
      const first = yield* open(one)
      first.send(...one.frames.slice(0, 8))
      yield* first.until(({ acked }) => acked === 8)
      hub.cut()
      expect((yield* first.over).code).toBe(status.UNAVAILABLE)
      const second = yield* open(one)
      expect(second.opened).toBe(9)
      second.send(...one.frames.slice(3), one.end)
      expect((yield* second.over).code).toBe(status.OK)
      expect(readStored(hub, one).shown).toBe(one.shown)
      const third = yield* open(one)
      expect([third.opened, third.stored?.digest]).toEqual([undefined, second.stored?.digest])
    }),
  )

  it.scopedLive("lets a newer stream take over, and the older one know", () =>
    Effect.gen(function* () {
      const { hub, session, open } = yield* scene()
      const one = session({}, 10)
      const older = yield* open(one)
      older.send(...one.frames.slice(0, 4))
      yield* older.until(({ acked }) => acked === 4)
      const newer = yield* open(one)
      expect(yield* older.over).toMatchObject({ code: status.ABORTED })
      older.send(...one.frames.slice(4))
      expect(newer.opened).toBe(5)
      newer.send(...one.frames.slice(4), one.end)
      expect((yield* newer.over).code).toBe(status.OK)
      expect(readStored(hub, one).shown).toBe(one.shown)
    }),
  )

  it.scopedLive("refuses what is no recording, and stays whole", () =>
    Effect.gen(function* () {
      const { hub, session, open } = yield* scene()
      const at =
        (index: number) =>
        ({ frames }: TestSession) =>
          frames[index] ?? new Uint8Array(0)
      const wrong: ReadonlyArray<readonly [string, (one: TestSession) => ReadonlyArray<Uint8Array>]> = [
        ["a hole", (one) => [at(3)(one)]],
        ["garbage", () => [Buffer.from("GET / HTTP/1.1\r\n\r\n")]],
        ["a second header", (one) => [one.header]],
        ["half an entry", (one) => [at(2)(one).subarray(0, 9)]],
        ["an End of other frames", (one) => [one.end]],
        ["an End with another digest", (one) => [one.endWith({ frames: 2, framesDigest: new Uint8Array(32) })]],
        [
          "an End that only the hub writes",
          (one) => [one.endWith({ frames: 2, framesDigest: new Uint8Array(0), reason: "agent lost" })],
        ],
        [
          "frames after the End",
          (one) => [Buffer.concat([one.endWith({ frames: 2, framesDigest: new Uint8Array(0) }), at(2)(one)])],
        ],
      ]
      for (const [what, bad] of wrong) {
        const one = session()
        const call = yield* open(one)
        call.send(at(0)(one), at(1)(one))
        yield* call.until(({ acked }) => acked === 2)
        call.send(...bad(one), at(2)(one))
        expect([what, (yield* call.over).code]).toEqual([what, status.INVALID_ARGUMENT])
        const again = yield* open(one)
        expect([what, again.opened]).toEqual([what, 3])
        again.send(...one.frames.slice(2), one.end)
        expect((yield* again.over).code).toBe(status.OK)
        expect(readStored(hub, one).shown).toBe(one.shown)
      }
    }),
  )

  it.scopedLive("refuses who may not, and what is not proven", () =>
    Effect.gen(function* () {
      const { hub, node, session, open } = yield* scene()
      const refusal = (one: TestSession) => Effect.flatMap(open(one), (call) => call.over)
      const denied = { code: status.PERMISSION_DENIED }
      expect(yield* refusal(session({ node: "db-1" }))).toMatchObject(denied)
      expect(yield* refusal(session({ user: "bob" }))).toMatchObject(denied)
      expect(yield* refusal(session({ login: "postgres" }))).toMatchObject(denied)
      expect(yield* refusal(session({ userCertificate: new Uint8Array(0) }))).toMatchObject(denied)
      expect(yield* refusal(session({ startedAtMs: Date.now() + 10 * 86_400_000 }))).toMatchObject(denied)
      expect(yield* refusal(session({ sessionId: "../../etc/passwd" }))).toMatchObject({
        code: status.INVALID_ARGUMENT,
      })
      // An admin's token opens every recording elsewhere: here it is worth nothing.
      const { key, certificate } = yield* hub.run(loggedIn("eve", ["admin"]))
      const minted = yield* mintUserToken({ user: "eve", audience: "test", certificate, key: key.privateKey })
      for (const token of ["", "nonsense", "eyJhbGciOiJub25lIn0.e30.", Redacted.value(minted)]) {
        const call = yield* callWith(hub.port, token)
        call.send(session().header)
        expect(yield* call.over).toMatchObject({ code: status.UNAUTHENTICATED })
      }
      const other = yield* hub.run(joined("db-1"))
      const mine = session()
      const call = yield* open(mine)
      const thief = yield* callAs(hub.port, other)
      thief.send(session({ ...mine.info, node: "db-1" }).header)
      expect(yield* thief.over).toMatchObject(denied)
      call.cancel()
      yield* call.over
      const later = yield* callAs(hub.port, other)
      later.send(session({ ...mine.info, node: "db-1" }).header)
      expect(yield* later.over).toMatchObject(denied)
      expect(yield* refusal(session({ ...mine.info, mode: "off" }))).toMatchObject(denied)
      expect(yield* refusal(session({ ...mine.info, startedAtMs: mine.info.startedAtMs - 1000 }))).toMatchObject(denied)
      expect(node.id).not.toBe(other.id)
    }),
  )

  it.scopedLive("holds a session that it has never heard of against its own clock and users", () =>
    Effect.gen(function* () {
      const { hub, session, open } = yield* scene()
      const minutes = (count: number) => Date.now() + count * 60_000
      const refusal = (one: TestSession) => Effect.flatMap(open(one), (call) => call.over)
      const denied = { code: status.PERMISSION_DENIED }
      expect(yield* refusal(session({ startedAtMs: minutes(15) }))).toMatchObject({
        ...denied,
        details: "this node's clock is 15 minutes ahead of the hub's: set it",
      })
      expect(yield* refusal(session({ startedAtMs: minutes(15), mode: "node" }))).toMatchObject({
        code: status.UNAVAILABLE,
        details: "this node's clock is 15 minutes ahead of the hub's: set it",
      })
      expect((yield* open(session({ startedAtMs: minutes(5) }))).opened).toBe(1)
      const known = session()
      expect((yield* open(known)).opened).toBe(1)

      const alice = UserName.make("alice")
      const outdated = { ...denied, details: "the user alice was removed or reset since that certificate was made" }
      yield* hub.run(Effect.flatMap(Users, (users) => users.remove(alice, "tester")))
      expect(yield* refusal(session())).toMatchObject(outdated)
      // Somebody else who is given the name, later than in the second to which certificates are rounded.
      const isPast = Effect.sync(() => Date.now() > blobIssuedAtMs(session().info.userCertificate))
      yield* Effect.repeat(isPast, { until: (past) => past, schedule: Schedule.spaced("20 millis") })
      yield* hub.run(invited("alice"))
      expect(yield* refusal(session())).toMatchObject(outdated)
      expect((yield* open(session({ mode: "node" }))).opened).toBe(1)
      expect((yield* open(known)).opened).toBe(1)
    }),
  )

  it.scopedLive("keeps nothing of a session in mode off but that it was", () =>
    Effect.gen(function* () {
      const { hub, session, open } = yield* scene()
      const one = session({ mode: "off" }, 1)
      const wrong = yield* open(one)
      wrong.send(...one.frames)
      expect((yield* wrong.over).code).toBe(status.INVALID_ARGUMENT)
      const call = yield* open(one)
      call.send(one.endWith({ frames: 0, outputBytes: 0, framesDigest: new Uint8Array(0) }))
      expect((yield* call.over).code).toBe(status.OK)
      expect(yield* hub.run(events(one.info.sessionId))).toEqual(["session.start", "session.end"])
      expect(fs.readdirSync(hub.recordings, { recursive: true })).toEqual(["partial"])
    }),
  )

  it.scopedLive("outlives messages that are too large, endings without a word, and clients that say nothing", () =>
    Effect.gen(function* () {
      const { hub, node, session, open } = yield* scene()
      const one = session()
      const call = yield* open(one)
      call.send(Buffer.alloc(5 * 1024 * 1024))
      expect((yield* call.over).code).toBe(status.RESOURCE_EXHAUSTED)
      const flood = yield* callAs(hub.port, node)
      flood.send(Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0x80, 0x08]), Buffer.alloc(2 * 1024 * 1024)]))
      expect((yield* flood.over).code).toBe(status.INVALID_ARGUMENT)
      const mute = yield* callAs(hub.port, node)
      mute.half()
      expect((yield* mute.over).code).toBe(status.UNAVAILABLE)
      const loris = yield* callAs(hub.port, node)
      const raw = connect(hub.port, "127.0.0.1", () => raw.write("\u0000\u0001garbage".repeat(1000)))
      raw.on("error", () => raw.destroy())
      expect(yield* Effect.either(loris.over.pipe(Effect.timeout("500 millis")))).toMatchObject({ _tag: "Left" })
      const good = yield* open(one)
      good.send(...one.frames.slice((good.opened ?? 1) - 1), one.end)
      expect((yield* good.over).code).toBe(status.OK)
      raw.destroy()
      expect((yield* loris.over).details).toBe("no header was sent")
    }),
  )

  it.scopedLive("lists a session while it runs, and how it ended after", () =>
    Effect.gen(function* () {
      const { hub, session, open } = yield* scene()
      const one = session()
      const call = yield* open(one)
      const row = hub.run(Effect.flatMap(Sessions, (sessions) => Effect.flatten(sessions.get(one.info.sessionId))))
      expect(yield* row).toMatchObject({ status: "active", ended_ms: null, mode: "node-sync" })
      call.send(...one.frames, one.end)
      yield* call.over
      expect(yield* row).toMatchObject({
        status: "completed",
        exit_code: 3,
        recording_digest: call.stored?.digest,
        ended_ms: one.info.startedAtMs + 5000,
      })
    }),
  )
})
