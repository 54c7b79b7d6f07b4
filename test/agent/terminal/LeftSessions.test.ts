import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { it } from "@effect/vitest"
import { type Clock, Effect, Schedule, Stream } from "effect"
import { describe, expect } from "vitest"
import { endLeftSessions } from "../../../src/agent/terminal/endLeftSessions.ts"
import { loadNative } from "../../../src/agent/terminal/internal/Native.ts"
import { Pipes } from "../../../src/agent/terminal/Pipes.ts"
import { SessionId } from "../../../src/domain/Identifiers.ts"
import { Spool } from "../../../src/node/spool/Spool.ts"
import { encodeSpoolState, unnoted } from "../../../src/node/spool/SpoolState.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"
import { isAlive, optionsFor, self } from "./session.ts"

const stubborn = "trap '' HUP TERM PIPE; echo $$; while :; do sleep 1; done"

const killed = (child: ChildProcess) =>
  Effect.addFinalizer(() => Effect.sync(() => child.pid !== undefined && child.kill("SIGKILL")))

/** The number that a program says first. */
const firstNumber = (child: ChildProcess) =>
  Effect.promise(async () => {
    const [said] = child.stdout === null ? [] : await once(child.stdout, "data")
    return Number(`${said}`)
  })

/** Starts a program that only SIGKILL ends, in a session of its own. */
const start = (environment: Record<string, string>) =>
  Effect.gen(function* () {
    const child = spawn("/bin/sh", ["-c", stubborn], { detached: true, env: { ...process.env, ...environment } })
    yield* killed(child)
    return yield* firstNumber(child)
  })

const isGone = (pid: number) =>
  Effect.suspend(() => (isAlive(pid) ? Effect.fail(`${pid} lives`) : Effect.void)).pipe(
    Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(500))),
  )

/** A clock that somebody sets back by an hour, again and again. */
const setBack = Effect.map(Effect.clock, (clock): Clock.Clock => {
  let hours = 0
  const now = () => clock.unsafeCurrentTimeMillis() - 3_600_000 * hours++
  return Object.assign(Object.create(clock), { unsafeCurrentTimeMillis: now, currentTimeMillis: Effect.sync(now) })
})

describe("a session's processes", () => {
  it.scopedLive("are gone with the agent that started them, however it ends", () =>
    Effect.gen(function* () {
      const { launcher } = yield* loadNative
      const { uid, gid, name } = self
      const words = ["0", "0", "0", `${uid}`, `${gid}`, name, "/", "/bin/sh", "sh", "-c", stubborn]
      const agent = spawn("/bin/sh", ["-c", '"$@" & wait', "sh", launcher, ...words], {
        stdio: ["pipe", "pipe", "inherit"],
      })
      yield* killed(agent)
      const shell = yield* firstNumber(agent)
      expect(isAlive(shell)).toBe(true)
      agent.kill("SIGKILL")
      yield* isGone(shell)
    }),
  )

  it.scopedLive("are ended by the next agent where they outlived it, and those of no session that was over", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryFolder
      const sessions = ["running", "waiting"].map((state) => ({ sessionId: SessionId.make(randomUUID()), state }))
      for (const { sessionId, state } of sessions) {
        writeFileSync(join(directory, `${sessionId}.rec`), "")
        writeFileSync(
          join(directory, `${sessionId}.state`),
          encodeSpoolState({ ...unnoted, state: state as "running" }),
        )
      }
      const [left, daemon] = yield* Effect.forEach(sessions, ({ sessionId }) => start({ MEZITE_SESSION_ID: sessionId }))
      yield* Effect.provide(endLeftSessions, Spool.layer({ directory, minFree: 0, onLocalFailure: "end" }))
      yield* isGone(left ?? 0)
      expect(isAlive(daemon ?? 0)).toBe(true)
    }),
  )

  it.scopedLive("are ended in time, also where the machine's clock is set back meanwhile", () =>
    Effect.gen(function* () {
      let since = 0
      yield* Effect.gen(function* () {
        const terminal = yield* Pipes.open(optionsFor(self, stubborn))
        yield* Stream.runHead(terminal.output)
        since = performance.now()
      }).pipe(Effect.scoped, Effect.withClock(yield* setBack))
      expect(performance.now() - since).toBeLessThan(5_000)
    }),
  )
})
