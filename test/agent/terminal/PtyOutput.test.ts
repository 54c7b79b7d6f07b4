import { createHash } from "node:crypto"
import { it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { describe, expect } from "vitest"
import { Pty } from "../../../src/agent/terminal/Pty.ts"
import { optionsFor, readAll, self } from "./session.ts"

const numbers = (count: number) => `${Array.from({ length: count }, (_, index) => index + 1).join("\r\n")}\r\n`
const burst = `${"x".repeat(200_000)}end`

/** Short programs that end right after a burst, and all that they write. */
const programs: ReadonlyArray<readonly [string, string]> = [
  ["seq 1 2000", numbers(2000)],
  ["printf %0200000d 0 | tr 0 x; printf end", burst],
  ["echo hello", "hello\r\n"],
  ["seq 1 700; kill -9 $$", numbers(700)],
]

/** Keeps the event loop busy for 2 ms out of 4, so that what a program writes and its end come in one turn. */
const busyLoop = Effect.acquireRelease(
  Effect.sync(() =>
    setInterval(() => {
      const until = performance.now() + 2
      while (performance.now() < until);
    }, 4),
  ),
  (timer) => Effect.sync(() => clearInterval(timer)),
)

const runOne = (index: number, pauseMs: number) =>
  Effect.gen(function* () {
    const [command, expected] = programs[index % programs.length] ?? ["", ""]
    const terminal = yield* Pty.open(optionsFor(self, command))
    if (pauseMs > 0) yield* Effect.sleep(pauseMs)
    const paced = Stream.tap(terminal.output, () => (pauseMs > 0 ? Effect.sleep(pauseMs) : Effect.void))
    const chunks = yield* Stream.runCollect(paced)
    const text = Buffer.concat(Chunk.toReadonlyArray(chunks).map(({ bytes }) => bytes)).toString("latin1")
    yield* terminal.exit
    return text === expected ? [] : [`${command}: ${text.length} of ${expected.length} bytes`]
  }).pipe(Effect.scoped)

const runMany = (count: number, pauseMs: number) =>
  Effect.forEach(Array.from({ length: count }).keys(), (index) => runOne(index, pauseMs), { concurrency: 4 }).pipe(
    Effect.map((losses) => losses.flat()),
  )

describe("the output of a PTY", () => {
  it.live("loses no byte of 300 short bursts", () =>
    Effect.gen(function* () {
      expect(yield* runMany(300, 0)).toEqual([])
    }),
  )

  it.scopedLive("loses no byte of 100 short bursts while the event loop is busy", () =>
    Effect.gen(function* () {
      yield* busyLoop
      expect(yield* runMany(100, 0)).toEqual([])
    }),
  )

  it.live("loses no byte of 100 short bursts whose reader is slow", () =>
    Effect.gen(function* () {
      expect(yield* runMany(100, 3)).toEqual([])
    }),
  )

  it.scopedLive("comes in few, large batches", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor(self, "head -c 8000000 /dev/zero"))
      const batches = Chunk.toReadonlyArray(yield* Stream.runCollect(terminal.output))
      expect(batches.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(8_000_000)
      expect(batches.every(({ bytes }) => bytes.length > 0 && bytes.length <= 32 * 1024)).toBe(true)
      expect(8_000_000 / batches.length).toBeGreaterThan(8 * 1024)
    }),
  )

  it.scopedLive("stops the program whose output nobody reads, and goes on where it was", () =>
    Effect.gen(function* () {
      const counter = "i=0; while [ $i -lt 4000 ]; do printf %0100d $i; i=$((i+1)); done; exit 4"
      const terminal = yield* Pty.open(optionsFor(self, counter))
      yield* Effect.sleep("300 millis")
      const before = process.memoryUsage().arrayBuffers
      yield* Effect.sleep("200 millis")
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024)
      const expected = Array.from({ length: 4000 }, (_, index) => `${index}`.padStart(100, "0")).join("")
      const digest = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex")
      expect(digest(yield* readAll(terminal))).toBe(digest(expected))
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 4 })
    }),
  )

  it.scopedLive("ends with the shell, not with what it left in the background", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor(self, "(trap '' HUP; sleep 3) & echo $!; exit 5"))
      const started = performance.now()
      const pid = Number((yield* readAll(terminal)).toString())
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 5 })
      expect(performance.now() - started).toBeLessThan(2000)
      // As under sshd: what ignores the hang-up lives on.
      process.kill(pid, 0)
      process.kill(pid, "SIGKILL")
    }),
  )

  it.scopedLive("ends although a background program writes without end", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor(self, "(trap '' HUP; exec yes) & sleep 0.1"))
      const bytes = yield* readAll(terminal).pipe(Effect.timeout("10 seconds"))
      expect(bytes.length).toBeGreaterThan(0)
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 0 })
    }),
  )
})
