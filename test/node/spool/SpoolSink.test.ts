import * as fs from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, LogLevel, Option, Schedule, Scope } from "effect"
import { FrameKind } from "../../../src/domain/Frame.ts"
import { SpoolReader } from "../../../src/node/spool/internal/SpoolReader.ts"
import { type OnLocalFailure, SpoolSink } from "../../../src/node/spool/SpoolSink.ts"
import type { SpoolTail } from "../../../src/node/spool/SpoolState.ts"
import { unnoted } from "../../../src/node/spool/SpoolState.ts"
import { readSpoolState, writeSpoolState } from "../../../src/node/spool/SpoolStateFile.ts"
import { type Addressed, decodeFrame, decodeGap, KeyRing, MAGIC, splitEntries } from "../../../src/recording/index.ts"
import { SessionRecorder } from "../../../src/session/SessionRecorder.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"
import { framesOf, masterKey, readAll, sessionEnd, sessionInfo, text } from "../../support/recordings.ts"
import { fullDisk } from "./support/FullDisk.ts"

const until = (isSo: () => boolean) =>
  Effect.suspend(() => (isSo() ? Effect.void : Effect.fail(`never: ${isSo}`))).pipe(
    Effect.retry(Schedule.intersect(Schedule.spaced("5 millis"), Schedule.recurs(2000))),
    Effect.orDie,
  )

/** A session's file in a spool, on a disk that the test fills and frees. */
const scene = Effect.fnUntraced(function* (
  onFailure: OnLocalFailure,
  addressed: Option.Option<Addressed> = Option.none(),
) {
  const folder = yield* temporaryFolder
  const [path, statePath] = [join(folder, "a.rec"), join(folder, "a.state")]
  const disk = yield* fullDisk
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const note = (tail: SpoolTail | null) => writeSpoolState(statePath, { ...unnoted, tail }, { durable: true })
  yield* note(null)
  const sink = yield* SpoolSink.make({
    path,
    info: { ...sessionInfo, mode: "node" },
    addressed,
    syncEvery: "5 millis",
    onFailure,
    retryEvery: "10 millis",
    hasRoom: Effect.succeed(true),
    noteTail: note,
  }).pipe(Scope.extend(scope))
  let ms = 0
  const recorder = new SessionRecorder(() => (ms += 10))
  const shows = (line: string) => sink.offer(recorder.shown({ stream: "output", bytes: text(line) }))
  /** Shows a line, and waits until it is durable. */
  const keeps = (line: string) =>
    Effect.suspend(() => {
      const before = disk.durableBytes
      shows(line)
      return until(() => disk.durableBytes > before)
    })
  const tail = () => readSpoolState(statePath).tail
  /** Reads it as the uploader does, and gives what a reader of the recording sees. */
  const uploaded = (atHub = 0) => {
    const reader = new SpoolReader(tail(), "agent")
    reader.push(fs.readFileSync(path))
    const frames: Array<string> = []
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      if (next._tag !== "Frame") continue
      const { kind, payload, seq } = next.frame
      frames.push(`${seq} ${kind === FrameKind.Gap ? `gap of ${decodeGap(payload).frames}` : Buffer.from(payload)}`)
    }
    return { frames, ...reader.ending(atHub) }
  }
  const close = Scope.close(scope, Exit.void)
  return { disk, sink, shows, keeps, path, tail, uploaded, close, end: () => recorder.end(sessionEnd) }
}, Logger.withMinimumLogLevel(LogLevel.None))

const quiet = Logger.withMinimumLogLevel(LogLevel.None)

describe("a spooled recording whose disk fills up, which goes on", () => {
  it.scopedLive("has a gap frame in the place of what was lost, and an End that says so", () =>
    Effect.gen(function* () {
      const { disk, sink, shows, keeps, path, tail, end } = yield* scene("continue")
      const failed = yield* Effect.fork(sink.failure)
      for (let round = 0; round < 3; round++) {
        yield* keeps(`kept ${round}`)
        disk.full = true
        shows(`lost ${round}`)
        yield* until(() => tail() !== null)
        for (let more = 0; more < round; more++) shows("lost too")
        disk.full = false
        yield* until(() => tail() === null)
      }
      shows("last")
      yield* sink.finish(end())
      expect(failed.unsafePoll()).toBe(null)
      yield* Fiber.interrupt(failed)
      const { items, error } = readAll(fs.readFileSync(path))
      expect(error).toBeUndefined()
      const seen = framesOf(items).map(({ kind, payload }) =>
        kind === FrameKind.Gap ? decodeGap(payload) : Buffer.from(payload).toString(),
      )
      const gap = (frames: number) => ({
        reason: expect.stringContaining("ENOSPC"),
        frames,
        bytes: 6 + 8 * (frames - 1),
        events: 0,
      })
      expect(seen).toEqual(["kept 0", gap(1), "kept 1", gap(2), "kept 2", gap(3), "last"])
      expect(framesOf(items).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7])
      expect(items.at(-1)).toMatchObject({
        _tag: "End",
        end: {
          status: "truncated",
          exit: { _tag: "Code", code: 0 },
          reason: expect.stringMatching(/^6 frames are missing: .*ENOSPC: no space left on device, write$/),
        },
      })
    }).pipe(quiet),
  )

  it.scopedLive("is encrypted throughout, with no nonce that was there before the disk failed", () =>
    Effect.gen(function* () {
      const addressed = masterKey.recipientKey.address(sessionInfo.sessionId)
      const { disk, sink, shows, keeps, path, tail, uploaded, end } = yield* scene("continue", Option.some(addressed))
      const seen = new Set<string>()
      yield* keeps("kept")
      shows("written, and perhaps not durable")
      for (let round = 0; round < 2; round++) {
        disk.full = true
        shows("lost")
        yield* until(() => tail() !== null)
        disk.full = false
        yield* until(() => tail() === null)
        yield* keeps(`kept again ${round}`)
      }
      yield* sink.finish(end())
      const file = fs.readFileSync(path)
      for (const clear of ["kept", "lost", "written, and"]) expect(file.includes(clear)).toBe(false)
      for (const entry of splitEntries(file.subarray(MAGIC.length))) {
        if (entry.kind !== "frame") continue
        const { kind, payload } = decodeFrame(entry.body, 0)
        if (kind !== FrameKind.Gap) seen.add(Buffer.from(payload.subarray(0, 12)).toString("hex"))
      }
      const { items, error } = readAll(file, { keys: new KeyRing(masterKey) })
      expect(error).toBeUndefined()
      const frames = framesOf(items).filter(({ kind }) => kind !== FrameKind.Gap)
      expect(
        frames.map(({ payload }) => Buffer.from(payload).toString()).filter((text) => text.startsWith("kept")),
      ).toEqual(["kept", "kept again 0", "kept again 1"])
      expect(seen.size).toBe(frames.length)
      expect(uploaded().frames.filter((line) => line.includes("gap of"))).toHaveLength(2)
      expect([...seen].map((nonce) => Number.parseInt(nonce, 16)).at(-1)).toBeGreaterThan(frames.length - 1)
    }).pipe(quiet),
  )

  it.scopedLive("has its End and what it lacks beside it where the disk stays full, and is brought with both", () =>
    Effect.gen(function* () {
      const { disk, sink, shows, keeps, tail, uploaded, end } = yield* scene("continue")
      yield* keeps("kept")
      disk.full = true
      shows("lost")
      yield* until(() => tail() !== null)
      shows("lost too")
      yield* sink.finish(end())
      expect(tail()).toMatchObject({ frames: 1, lost: { frames: 2, bytes: 12 } })
      const { frames, gap, end: told } = uploaded()
      expect(frames).toEqual(["1 kept"])
      expect(gap).toBeDefined()
      expect(told).toMatchObject({
        status: "truncated",
        frames: 2,
        exit: { _tag: "Code", code: 0 },
        durationMs: 12_345,
      })
      expect(told.reason).toMatch(/^2 frames are missing: .*ENOSPC/)
    }).pipe(quiet),
  )

  it.scopedLive(
    "is known to lack something also where the agent dies meanwhile, and where it dies just when it went on",
    () =>
      Effect.gen(function* () {
        const { disk, shows, keeps, path, tail, uploaded, close } = yield* scene("continue")
        yield* keeps("kept")
        disk.full = true
        shows("lost")
        yield* until(() => (tail()?.lost.frames ?? 0) === 1)
        const noted = tail()
        const died = uploaded()
        expect(died.end).toMatchObject({ status: "truncated", frames: 2 })
        expect(died.end.reason).toMatch(/^the agent was killed; 1 frame is missing: .*ENOSPC/)
        disk.full = false
        yield* until(() => tail() === null)
        shows("after")
        yield* until(() => fs.readFileSync(path).includes("after"))
        yield* close
        // As if it had died before it could note that the file has everything again.
        yield* writeSpoolState(path.replace(".rec", ".state"), { ...unnoted, tail: noted }, { durable: true })
        const { frames, gap, end } = uploaded()
        expect(frames).toEqual(["1 kept", "2 gap of 1", "3 after"])
        expect(gap).toBeUndefined()
        expect(end).toMatchObject({ status: "truncated", frames: 3 })
        expect(end.reason).toMatch(/^the agent was killed; 1 frame is missing: .*ENOSPC/)
      }).pipe(quiet),
  )
})

describe("a spooled recording whose disk fills up, which ends", () => {
  it.scopedLive("fails with a line for the user, and tells the hub what it lacks", () =>
    Effect.gen(function* () {
      const { disk, sink, shows, keeps, tail, uploaded, end } = yield* scene("end")
      const failing = yield* Effect.fork(Effect.flip(sink.failure))
      yield* keeps("kept")
      disk.full = true
      shows("lost")
      expect((yield* Fiber.join(failing)).message).toMatch(/^the recording cannot be written: .*a\.rec: ENOSPC/)
      disk.full = false
      const failed = yield* Effect.flip(sink.finish(end()))
      expect(failed.message).toMatch(/^the recording cannot be written: /)
      expect(tail()).toMatchObject({ frames: 1, lost: { frames: 1, bytes: 4 } })
      expect(uploaded().end).toMatchObject({ status: "truncated", frames: 2 })
      // Of a live session the hub may have what the disk did not take: then nothing is missing.
      expect(uploaded(2)).toMatchObject({ gap: undefined, end: { status: "completed", frames: 2 } })
    }).pipe(quiet),
  )

  it.scopedLive("is complete where only its End did not fit", () =>
    Effect.gen(function* () {
      const { disk, sink, keeps, path, uploaded, end } = yield* scene("end")
      yield* keeps("kept")
      disk.full = true
      yield* sink.finish(end())
      expect(uploaded()).toMatchObject({ gap: undefined, frames: ["1 kept"], end: { status: "completed", frames: 1 } })
      expect(readAll(fs.readFileSync(path)).error).toMatchObject({ kind: "Truncated" })
    }).pipe(quiet),
  )
})
