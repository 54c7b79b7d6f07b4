import { it } from "@effect/vitest"
import { Effect } from "effect"
import { describe, expect } from "vitest"
import { Pty } from "../../../src/agent/terminal/Pty.ts"
import { optionsFor, readAll, readText, self } from "./session.ts"

describe("Pty", () => {
  it.scopedLive("runs a command", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor(self, "id; tty; stty size; ls -l /proc/self/fd; stty -a; exit 3"))
      console.log(yield* readText(terminal))
      expect(yield* terminal.exit).toEqual({ _tag: "Code", code: 3 })
    }),
  )
  it.scopedLive("burst", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 50; i++) {
        const terminal = yield* Pty.open(optionsFor(self, "seq 1 20000"))
        const all = yield* readText(terminal)
        expect(all.endsWith("20000\r\n")).toBe(true)
      }
    }),
  )
  it.scopedLive("throughput", () =>
    Effect.gen(function* () {
      const terminal = yield* Pty.open(optionsFor(self, "head -c 200M /dev/zero"))
      const t = performance.now(),
        c = process.cpuUsage()
      const all = yield* readAll(terminal)
      const d = process.cpuUsage(c)
      console.log(all.length / 1e3 / (performance.now() - t), "MB/s", d)
    }),
  )
})
