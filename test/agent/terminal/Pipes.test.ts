import { createHash, randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { it } from "@effect/vitest"
import { Chunk, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { describe, expect } from "vitest"
import { Pipes } from "../../../src/agent/terminal/Pipes.ts"
import type { Terminal } from "../../../src/session/Terminal.ts"
import { isAlive, optionsFor, readAll, readText, self } from "./session.ts"

const readBoth = (terminal: Terminal) =>
  Stream.runCollect(terminal.output).pipe(
    Effect.map((chunks) =>
      Chunk.toReadonlyArray(chunks).map(({ stream, bytes }) => [stream, Buffer.from(bytes).toString()] as const),
    ),
  )

describe("Pipes", () => {
  it.scopedLive("keeps output and errors apart, in order, and tells the exit", () =>
    Effect.gen(function* () {
      const command = "echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; exit 9"
      const terminal = yield* Pipes.open(optionsFor(self, command))
      expect(yield* readBoth(terminal)).toEqual([
        ["output", "one\n"],
        ["stderr", "two\n"],
        ["output", "three\n"],
      ])
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 9 })
    }),
  )

  it.scopedLive("carries eight megabytes of any bytes there and back", () =>
    Effect.gen(function* () {
      const input = randomBytes(8_000_000)
      const terminal = yield* Pipes.open(optionsFor(self, "cat"))
      const read = yield* Effect.fork(readAll(terminal))
      for (let from = 0; from < input.length; from += 100_000)
        yield* terminal.write(input.subarray(from, from + 100_000))
      yield* terminal.endInput
      const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")
      expect(digest(yield* Fiber.join(read))).toBe(digest(input))
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 0 })
    }),
  )

  it.scopedLive("slows the writer down, and lets input go that nobody wants", () =>
    Effect.gen(function* () {
      const terminal = yield* Pipes.open(
        optionsFor(self, "sleep 0.5; head -c 10 >/dev/null; exec <&-; sleep 0.2; echo end"),
      )
      const started = performance.now()
      yield* terminal.write(Buffer.alloc(4_000_000))
      expect(performance.now() - started).toBeGreaterThan(300)
      expect(yield* readText(terminal)).toBe("end\n")
      yield* terminal.write(Buffer.from("more"))
      yield* terminal.endInput
    }),
  )

  it.scopedLive("stops a program whose output nobody reads", () =>
    Effect.gen(function* () {
      const terminal = yield* Pipes.open(optionsFor(self, "head -c 50000000 /dev/zero; echo done >&2"))
      yield* Effect.sleep("200 millis")
      const before = process.memoryUsage().arrayBuffers
      yield* Effect.sleep("200 millis")
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
      const bytes = yield* Stream.runFold(terminal.output, 0, (sum, output) => sum + output.bytes.length)
      expect(bytes).toBe(50_000_005)
    }),
  )

  it.scopedLive("ends when the outputs are closed, as with sshd", () =>
    Effect.gen(function* () {
      const terminal = yield* Pipes.open(optionsFor(self, "(sleep 0.4; echo late) & exit 2"))
      expect(yield* readText(terminal)).toBe("late\n")
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 2 })
    }),
  )

  it.scopedLive("sends signals, and tells the one that ended the program", () =>
    Effect.gen(function* () {
      const terminal = yield* Pipes.open(optionsFor(self, "echo up; exec sleep 40"))
      const read = yield* Effect.fork(Stream.runForEach(terminal.output, () => terminal.signal("TERM")))
      yield* Fiber.join(read)
      expect(yield* terminal.exit).toEqual({ _tag: "Signal", signal: "TERM" })
      yield* terminal.signal("TERM")
    }),
  )

  it.live("ends the program, and what it left behind, when its scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const terminal = yield* Pipes.open(optionsFor(self, "(trap '' HUP; sleep 40) & echo $!; exit 0")).pipe(
        Scope.extend(scope),
      )
      const pid = Number(
        yield* Stream.runHead(terminal.output).pipe(
          Effect.flatten,
          Effect.map(({ bytes }) => Buffer.from(bytes).toString()),
        ),
      )
      expect(isAlive(pid)).toBe(true)
      yield* Scope.close(scope, Exit.void)
      expect(isAlive(pid)).toBe(false)
    }),
  )

  it.live.skipIf(!existsSync("/proc/self/loginuid"))(
    "ends also what left the session, its parent and its environment, where it is cut off",
    () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const script = "env -i setsid -f sh -c 'trap \"\" HUP PIPE; echo $$; while :; do sleep 1; done'"
        const terminal = yield* Pipes.open({ ...optionsFor(self, script), mark: "MEZITE_SESSION_ID=none" }).pipe(
          Scope.extend(scope),
        )
        const [first] = yield* Effect.map(Stream.runCollect(Stream.take(terminal.output, 1)), Chunk.toReadonlyArray)
        const pid = Number(Buffer.from(first?.bytes ?? []).toString())
        expect(isAlive(pid)).toBe(true)
        yield* Scope.close(scope, Exit.fail("the recording is lost"))
        expect(isAlive(pid)).toBe(false)
      }),
  )
})
