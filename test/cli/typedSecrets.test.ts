import { PassThrough } from "node:stream"
import { setImmediate } from "node:timers/promises"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { askNewPassword } from "../../src/cli/askPassword.ts"
import { readSecret } from "../../src/cli/internal/readSecret.ts"
import { secretLines } from "../../src/cli/SecretLines.ts"
import { Stdio, type StdioShape } from "../../src/cli/Stdio.ts"

/** A terminal at which somebody types, and what is shown there. */
const terminal = () => {
  const modes: Array<boolean | string> = []
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) })
  const stderr = new PassThrough()
  const stdio = { stdin, stderr, stdout: new PassThrough(), env: {} } as unknown as StdioShape
  return { stdin, modes, stdio, shown: () => String(stderr.read() ?? "") }
}

type Bytes = string | ReadonlyArray<number>

const bytes = (typed: Bytes) => (typeof typed === "string" ? Buffer.from(typed) : Buffer.from(typed))

describe("a secret that is typed unseen", () => {
  it.live.each<[string, ReadonlyArray<Bytes>, object]>([
    ["a line", ["secret\r"], { text: "secret" }],
    ["one that was corrected", ["sexret\x7f\x7f\x7f\x7fcret\n"], { text: "secret" }],
    ["one that was begun anew", ["wrong\x15secret\n"], { text: "secret" }],
    [
      "a letter that comes in two pieces",
      [
        [0x67, 0xc3],
        [0xa4, 0x0d],
      ],
      { text: "g\u00e4" },
    ],
    ["^C", ["sec\x03"], { _tag: "Interrupted" }],
    ["^D on an empty line", ["\x04"], { _tag: "Interrupted" }],
    ["^D behind something", ["sec\x04ret\r"], { text: "secret" }],
  ])("is %s", ([, pieces, expected]) =>
    Effect.gen(function* () {
      const { stdin, stdio, modes } = terminal()
      const typing = Effect.forEach(pieces, (piece) => Effect.sync(() => stdin.write(bytes(piece))))
      const [typed] = yield* Effect.all([readSecret(stdio.stdin, () => modes.push("asked")), typing], {
        concurrency: "unbounded",
      })
      expect(typed).toMatchObject(expected)
      expect(modes).toEqual([true, "asked", false])
    }),
  )

  it.live("may be pasted with what is asked for next", () =>
    Effect.gen(function* () {
      const { stdin, stdio } = terminal()
      stdin.write("new p\u00e4ssword\rnew p\u00e4ssword\rrest")
      const password = yield* Effect.provideService(askNewPassword, Stdio, stdio)
      expect(Redacted.value(password)).toBe("new p\u00e4ssword")
      expect(String(stdin.read())).toBe("rest")
    }),
  )

  it.live("is asked for anew where it was not the same twice, and the third time is the last", () =>
    Effect.gen(function* () {
      const { stdin, stdio, shown } = terminal()
      stdin.write("one\rtwo\rthree\rthree\r")
      expect(Redacted.value(yield* Effect.provideService(askNewPassword, Stdio, stdio))).toBe("three")
      expect(shown().match(/the two differ: type it anew\n/g)).toHaveLength(1)
      stdin.write("1\r2\r3\r4\r5\r6\r")
      expect(yield* Effect.flip(Effect.provideService(askNewPassword, Stdio, stdio))).toMatchObject({
        message: "the two passwords differ",
      })
    }),
  )
})

describe("secrets on standard input", () => {
  it.live("are its lines, however they come", () =>
    Effect.gen(function* () {
      const { stdin, stdio } = terminal()
      const lines = yield* Effect.provideService(secretLines, Stdio, stdio)
      const pieces = [[0x67, 0xc3], [0xa4, 0x0d], [0x0a, 0x31], [0x32]]
      // Each is read before the next one comes.
      const write = (piece: Bytes) => Effect.promise(() => setImmediate(stdin.write(bytes(piece))))
      const writing = Effect.forEach(pieces, write)
      const [first] = yield* Effect.all([lines.next("password"), writing], { concurrency: "unbounded" })
      stdin.end()
      expect([Redacted.value(first), Redacted.value(yield* lines.next("code"))]).toEqual(["g\u00e4", "12"])
      expect(yield* Effect.flip(lines.next("code"))).toMatchObject({
        message: "--password-stdin: standard input holds no code",
      })
    }),
  )
})
