import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as FileSink from "../../src/session/FileSink.ts"
import { SessionRecorder } from "../../src/session/SessionRecorder.ts"
import { framesOf, readAll, sessionEnd, sessionInfo, text } from "../support/recordings.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "mezite-sink-"))),
  (path) => Effect.sync(() => fs.rmSync(path, { recursive: true })),
)

/** As on a disk that is full. */
const failingSync = Effect.acquireRelease(
  Effect.sync(() => {
    const real = fs.fdatasync
    const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" })
    const failing = (_: number, done: fs.NoParamCallback): void => void setImmediate(done, full)
    fs.fdatasync = Object.assign(failing, { __promisify__: real.__promisify__ })
    syncBuiltinESMExports()
    return real
  }),
  (real) =>
    Effect.sync(() => {
      fs.fdatasync = real
      syncBuiltinESMExports()
    }),
)

describe("FileSink", () => {
  it.scopedLive("writes a recording that reads back as it was given, masked input without its bytes", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a.rec")
      const sink = yield* FileSink.make({ path, info: sessionInfo, syncEvery: "10 millis" })
      expect(readAll(fs.readFileSync(path)).items[0]).toMatchObject({ _tag: "Header" })
      let ms = 5
      const recorder = new SessionRecorder(() => ms)
      sink.offer(recorder.shown({ stream: "output", bytes: text("$ ") }))
      ms = 3
      sink.offer(recorder.action({ _tag: "Type", bytes: text("s3cret\r"), echoed: false, isTyped: false }, true))
      ms = 9.7
      sink.offer(recorder.shown({ stream: "stderr", bytes: text("é".repeat(3000)) }))
      yield* sink.ready
      const end = recorder.end(sessionEnd)
      yield* sink.finish(end)
      const bytes = fs.readFileSync(path)
      const { items, error } = readAll(bytes)
      expect(error).toBeUndefined()
      expect(framesOf(items)).toMatchObject([
        { seq: 1, timeMs: 5, kind: 1, size: 2 },
        { seq: 2, timeMs: 5, masked: true, size: 7 },
        { seq: 3, timeMs: 9, payload: text("é".repeat(3000)) },
      ])
      expect(items.at(-1)).toMatchObject({ _tag: "End", end: { frames: 3, outputBytes: 6002, inputBytes: 7 } })
      expect(bytes.includes("s3cret")).toBe(false)
      expect(bytes.length).toBeLessThan(3000)
    }),
  )

  it.scopedLive("never writes over a recording, and says where it cannot write", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "a.rec")
      fs.writeFileSync(path, "old")
      const options = { info: sessionInfo, syncEvery: 0 }
      const error = yield* Effect.flip(FileSink.make({ ...options, path }))
      expect(error).toMatchObject({ _tag: "RecordingLost", message: expect.stringContaining(path) })
      expect(fs.readFileSync(path, "utf8")).toBe("old")
      const nowhere = yield* Effect.flip(FileSink.make({ ...options, path: "/nonexistent/a.rec" }))
      expect(nowhere.message).toContain("/nonexistent/a.rec")
    }),
  )

  it.scopedLive("fails for good when the disk does", () =>
    Effect.gen(function* () {
      const sink = yield* FileSink.make({ path: join(yield* directory, "a.rec"), info: sessionInfo, syncEvery: 0 })
      const recorder = new SessionRecorder(() => 0)
      const failing = yield* Effect.fork(Effect.flip(sink.failure))
      yield* failingSync
      sink.offer(recorder.shown({ stream: "output", bytes: text("x") }))
      expect((yield* Fiber.join(failing)).message).toContain("no space left on device")
      expect((yield* Effect.flip(sink.finish(recorder.end(sessionEnd)))).message).toContain("cannot be written")
    }),
  )
})
