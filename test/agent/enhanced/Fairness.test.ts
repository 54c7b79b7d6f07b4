import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Probe } from "../../../src/agent/enhanced/Probe.ts"
import type { ProbeRecord } from "../../../src/agent/enhanced/ProbeRecord.ts"
import { compileStatic, noProbe, probe } from "../../support/builtProbe.ts"
import { ownProbe } from "./support/ownProbe.ts"

const ended = (child: ChildProcess) =>
  Effect.async<void>((resume) => void child.once("exit", () => resume(Effect.void)))

const waitingShell = (script: string) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn("/bin/sh", ["-c", `read go; ${script}`], { stdio: ["pipe", "ignore", "inherit"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "mezite-fairness-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
)

/** What was told of the files that a session has opened. */
class Account {
  opens = 0
  lost = 0

  readonly hear = (record: ProbeRecord): void => {
    if (record._tag === "File" && record.event.path.length > 600) this.opens += 1
    else if (record._tag === "Lost") this.lost = record.losses.files
  }
}

describe.skipIf(noProbe !== undefined)("the probe", () => {
  it.scopedLive(
    "follows a new session at once while all that another did is still to be told, and keeps room for what others do",
    () =>
      Effect.gen(function* () {
        const folder = yield* directory
        const act = join(folder, "act")
        compileStatic(readFileSync("fixtures/enhanced/act.c", "utf8"), act)
        const deep = join(folder, ...Array.from({ length: 3 }, () => "d".repeat(200)))
        mkdirSync(deep, { recursive: true })
        writeFileSync(join(deep, "file"), "")

        const watching = yield* Probe.start(probe)
        const told: Array<string> = []
        const [flooded, calm] = [new Account(), new Account()]
        const flood = yield* waitingShell(`exec ${act} opens ${join(deep, "file")} 60000`)
        const neighbour = yield* waitingShell(`exec ${act} opens ${join(deep, "file")} 100`)
        const other = yield* waitingShell("exit 0")
        yield* watching.track(flood.pid ?? 0, 1, flooded.hear)
        yield* watching.track(neighbour.pid ?? 0, 3, calm.hear)
        process.kill(ownProbe(), "SIGSTOP")
        flood.stdin?.end("\n")
        yield* ended(flood)
        neighbour.stdin?.end("\n")
        yield* ended(neighbour)
        const synced = yield* Effect.fork(
          Effect.andThen(
            watching.sync(1),
            Effect.sync(() => told.push("synced")),
          ),
        )
        const tracked = yield* Effect.fork(
          Effect.andThen(
            watching.track(other.pid ?? 0, 2, () => undefined),
            Effect.sync(() => told.push("tracked")),
          ),
        )
        yield* Effect.yieldNow()
        process.kill(ownProbe(), "SIGCONT")
        yield* Fiber.join(tracked)
        yield* Fiber.join(synced)
        expect(told).toEqual(["tracked", "synced"])
        yield* watching.sync(3)
        expect(flooded.opens + flooded.lost).toBe(60_000)
        expect(flooded.opens).toBeGreaterThan(20_000)
        expect(calm).toMatchObject({ opens: 100, lost: 0 })
      }),
    30_000,
  )
})
