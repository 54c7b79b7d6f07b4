import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { until } from "../../e2e/support/until.ts"
import { compileStatic, noProbe } from "../../support/builtProbe.ts"
import { ownProbe } from "./support/ownProbe.ts"
import { commandLines, enhancedRecording, type Recorded, watched } from "./support/watched.ts"

let directory = ""
const act = () => join(directory, "act")

beforeAll(() => {
  if (noProbe !== undefined) return
  directory = mkdtempSync(join(tmpdir(), "mezite-accuracy-"))
  compileStatic(readFileSync("fixtures/enhanced/act.c", "utf8"), act())
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const opensOf = ({ files }: Recorded, path: string): number =>
  files.filter((file) => Buffer.from(file.path).toString() === path).length

describe.skipIf(noProbe !== undefined)("enhanced recording", () => {
  layer(enhancedRecording, { excludeTestServices: true })((it) => {
    it.effect("misses no command, no open and no connection of a burst", () =>
      Effect.gen(function* () {
        const file = join(directory, "burst")
        writeFileSync(file, "")
        const commands = 'for i in $(seq 500); do /bin/true "$i"; done'
        const recorded = yield* watched(`${commands}; ${act()} opens ${file} 2000; ${act()} connects 1 200`)
        const lines = new Set(commandLines(recorded))
        const missing = Array.from({ length: 500 }, (_, index) => `/usr/bin/true: /bin/true ${index + 1}`)
        expect(missing.filter((line) => !lines.has(line))).toEqual([])
        expect(opensOf(recorded, file)).toBe(2000)
        const asked = recorded.connections.filter((event) => event._tag === "Asked" && event.port === 1)
        const refused = recorded.connections.filter((event) => event._tag === "Outcome" && event.error === 111)
        expect([asked.length, refused.length]).toEqual([200, 200])
        expect(recorded.gaps).toEqual([])
        const started = recorded.commands.filter(({ _tag }) => _tag === "Started")
        const ended = recorded.commands.filter(({ _tag }) => _tag === "Ended")
        expect(ended.length).toBeGreaterThanOrEqual(502)
        expect(started.length).toBeGreaterThanOrEqual(ended.length)
      }),
    )

    it.effect("sees the first command and the exit code of each of forty sessions that start at once", () =>
      Effect.gen(function* () {
        const statuses = Array.from({ length: 40 }, (_, index) => index)
        const all = yield* Effect.forEach(statuses, (status) => watched(`exit ${status}`), { concurrency: "unbounded" })
        all.forEach((recorded, status) => {
          const [first] = commandLines(recorded)
          expect(first).toBe(`/usr/bin/dash: sh -c exit ${status}`)
          const [shell] = recorded.commands
          const end = recorded.commands.find((event) => event._tag === "Ended" && event.pid === shell?.pid)
          expect(end).toMatchObject({ exit: { _tag: "Code", code: status } })
          expect(recorded.exitCode).toBe(status)
        })
      }),
    )

    it.effect(
      "says exactly how much of a flood of opens was lost, and keeps every command of it",
      () =>
        Effect.gen(function* () {
          const [began, go, done] = ["began", "go", "done"].map((name) => join(directory, name)) as [
            string,
            string,
            string,
          ]
          // Paths so long that a flood of them has no room in the kernel while nobody takes it out.
          const deep = join(directory, ...Array.from({ length: 3 }, () => "d".repeat(100)))
          const file = join(deep, "flood")
          mkdirSync(deep, { recursive: true })
          writeFileSync(file, "")
          execFileSync("mkfifo", [go])
          const commands = 'for i in $(seq 50); do /bin/true "flooded $i"; done'
          const script = (opens: number) =>
            `: > ${began}; cat ${go}; ${act()} opens ${file} ${opens}; ${commands}; : > ${done}`
          const happened = (path: string) => Effect.promise(() => until(path, () => existsSync(path)))

          const calm = yield* Effect.fork(watched(script(1_000)))
          yield* happened(began)
          writeFileSync(go, "")
          const few = yield* Fiber.join(calm)
          expect(few.gaps).toEqual([])
          for (const path of [began, done]) rmSync(path)

          const flooded = yield* Effect.fork(watched(script(200_000)))
          yield* happened(began)
          process.kill(ownProbe(), "SIGSTOP")
          writeFileSync(go, "")
          yield* happened(done)
          process.kill(ownProbe(), "SIGCONT")
          const recorded = yield* Fiber.join(flooded)
          const lost = recorded.gaps.reduce((sum, gap) => sum + gap.events, 0)
          expect(lost).toBeGreaterThan(10_000)
          expect(recorded.files.length + lost).toBe(few.files.length + 199_000)
          expect(recorded.gaps.every(({ reason }) => reason.includes("opened files were lost"))).toBe(true)
          expect(commandLines(recorded).filter((line) => line.includes("/bin/true flooded"))).toHaveLength(50)
          expect(commandLines(recorded)).toHaveLength(commandLines(few).length)
        }),
      60_000,
    )
  })
})
