import { spawn, spawnSync } from "node:child_process"
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, LogLevel, Option, Stream } from "effect"
import { afterAll, beforeAll } from "vitest"
import { ProbeKeeper } from "../../../src/agent/enhanced/ProbeKeeper.ts"
import { WatchedSession } from "../../../src/agent/enhanced/WatchedSession.ts"
import type { RecordingMode } from "../../../src/domain/RecordingMode.ts"
import { decodeGap } from "../../../src/recording/index.ts"
import { until } from "../../e2e/support/until.ts"
import { noProbe, probe } from "../../support/builtProbe.ts"
import { ownProbe } from "./support/ownProbe.ts"

let directory = ""
const copy = () => join(directory, "probe")

beforeAll(() => {
  if (noProbe !== undefined) return
  directory = mkdtempSync(join(tmpdir(), "mezite-support-"))
  copyFileSync(probe, copy())
  for (const path of [directory, copy()]) chmodSync(path, 0o755)
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** What the probe says where it is started so. */
const refusal = (...how: ReadonlyArray<string>): string => {
  const [command = "", ...words] = how
  const { status, stderr } = spawnSync(command, words, { input: "", encoding: "utf8" })
  return `${status} ${stderr.trim().split("\n").at(-1)}`
}

const started = (program: string, required = true) => ProbeKeeper.start({ program, required })

describe.skipIf(noProbe !== undefined)("enhanced recording", () => {
  it("has a line of its own for each thing that is in its way", () => {
    const own = copy()
    expect(refusal("setpriv", "--reuid=65534", "--clear-groups", own)).toMatch(/^3 mezd lacks CAP_BPF and CAP_PERFMON/)
    expect(refusal("setarch", "--uname-2.6", own)).toMatch(
      /^3 Linux 2\.6\S* is too old for it: it needs 5\.14 or newer$/,
    )
    expect(refusal("unshare", "--user", "--map-root-user", own)).toMatch(/^3 this is a container with a user namespace/)
    const without = `mount -t tmpfs none /sys/kernel/btf && exec ${own}`
    expect(refusal("unshare", "--mount", "sh", "-c", without)).toMatch(/^3 \/sys\/kernel\/btf\/vmlinux is missing/)
    const locked = `mount -t tmpfs none /sys/kernel/security && echo 'none integrity [confidentiality]' > /sys/kernel/security/lockdown && exec ${own}`
    expect(refusal("unshare", "--mount", "sh", "-c", locked)).toMatch(
      /^3 the kernel is locked down \(confidentiality\)/,
    )
  })

  it.live("keeps two capabilities, as a user that has nothing else and that nobody else is", () =>
    Effect.promise(async () => {
      const child = spawn(copy(), [], { stdio: ["pipe", "pipe", "inherit"] })
      await until("its first word", () => child.stdout.read() !== null)
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8")
      child.stdin.end()
      expect(status).toMatch(/^Uid:(\t2147418112){4}$/m)
      expect(status).toMatch(/^Gid:(\t2147418112){4}$/m)
      expect(status).toMatch(/^Groups:\t ?$/m)
      for (const set of ["CapEff", "CapPrm"]) expect(status).toMatch(new RegExp(`^${set}:\t000000c000000000$`, "m"))
      for (const set of ["CapInh", "CapBnd", "CapAmb"]) expect(status).toMatch(new RegExp(`^${set}:\t0{16}$`, "m"))
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
      expect(await new Promise((ended) => child.once("exit", ended))).toBe(0)
    }),
  )

  it.scopedLive("is refused where it is required and can't be had, and else is not there", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(started(join(directory, "nothing")))
      expect(missing.message).toContain('its probe is not built: run "npm run build:probe"')
      const blind = join(directory, "blind")
      writeFileSync(blind, "#!/bin/sh\necho 'something is in the way' >&2; exit 3\n", { mode: 0o755 })
      const refused = yield* Effect.flip(started(blind))
      expect(refused.message).toBe("no enhanced recording: something is in the way (or set MEZITE_BPF_REQUIRED=false)")
      const keeper = yield* started(blind, false)
      expect(Option.isNone(keeper.current)).toBe(true)
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None)),
  )

  it.scopedLive("ends a node-sync session when its probe dies, leaves a gap in others, and comes back", () =>
    Effect.gen(function* () {
      const keeper = yield* started(probe)
      const first = Option.getOrThrow(keeper.current)
      const watch = (number: number, mode: RecordingMode) => {
        const lost: Array<string> = []
        const report = {
          begin: Effect.void,
          hear: () => undefined,
          lost: (why: string) => void lost.push(why),
          flush: Effect.void,
        }
        const session = new WatchedSession(first, number, mode, report)
        const frames = Stream.runCollect(session.observation.events(() => 0))
        return Effect.gen(function* () {
          yield* Effect.forkScoped(Effect.catchAll(first.lost, (why) => session.end(why)))
          return { session, lost, fiber: yield* Effect.fork(Effect.exit(frames)) }
        })
      }
      const [strict, lenient] = [yield* watch(1, "node-sync"), yield* watch(2, "node")]
      process.kill(ownProbe(), "SIGKILL")
      const exit = yield* Fiber.join(strict.fiber)
      const why = "enhanced recording has stopped: the probe was ended by SIGKILL"
      expect(Exit.isFailure(exit) && `${exit.cause}`).toContain(why)
      const gap = yield* Effect.flatten(Fiber.join(lenient.fiber))
      expect([...gap].map(({ payload }) => decodeGap(payload))).toEqual([
        { reason: why, frames: 0, bytes: 0, events: 0 },
      ])
      expect([strict.lost, lenient.lost]).toEqual([[why], [why]])
      // At once, though nothing is there to be waited for.
      yield* lenient.session.observation.stop
      yield* Effect.promise(() => until("another probe", () => Option.isSome(keeper.current)))
      expect(Option.getOrThrow(keeper.current)).not.toBe(first)
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None)),
  )
})
