import { type ChildProcess, spawn } from "node:child_process"
import { Effect, type Scope } from "effect"
import type { Probe } from "./Probe.ts"
import { ProbeLost } from "./ProbeLost.ts"
import type { ProbeRecord } from "./ProbeRecord.ts"

/** What is to be seen of the canary (probe/canary.c), in a line for people. */
const sights = {
  started: "its command",
  opened: "the file that it opened",
  connected: "the connection that it made",
  ended: "its exit",
}
type Sight = keyof typeof sights

/** The whole song takes milliseconds. */
const limit = "2 seconds"

/** A session's number that no session has. */
const session = 0

const sightOf = (record: ProbeRecord): Sight | undefined => {
  switch (record._tag) {
    case "Command": {
      const { event } = record
      if (event._tag === "Started") return `${event.arguments}` === "mezite-canary\0sing\0" ? "started" : undefined
      return event._tag === "Ended" && event.exit._tag === "Code" && event.exit.code === 42 ? "ended" : undefined
    }
    case "File":
      return `${record.event.path}` === "/dev/null" && record.event.error === 0 ? "opened" : undefined
    case "Connection":
      return record.event._tag === "Asked" && record.event.port === 9 && record.event.error === 0
        ? "connected"
        : undefined
    default:
      return undefined
  }
}

const start = (program: string): Effect.Effect<ChildProcess & { readonly pid: number }, ProbeLost, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async((resume) => {
      const child = spawn(program, ["canary"], { env: {}, cwd: "/", stdio: ["pipe", "ignore", "ignore"] })
      child.stdin.on("error", () => child.stdin.destroy())
      child.once("error", ({ message }) => resume(new ProbeLost({ message: `the canary cannot be run: ${message}` })))
      const { pid } = child
      if (pid !== undefined) resume(Effect.succeed(Object.assign(child, { pid })))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )

/**
 * Proves that the probe sees: a process of our own runs, opens a file, makes a connection and exits, and all four are told within
 * two seconds. Fails with what was not.
 */
export const canary = Effect.fn("Enhanced.canary")(function* (probe: Probe, program: string) {
  const unseen = new Set(Object.keys(sights))
  const done = yield* Effect.makeLatch(false)
  const child = yield* start(program)
  yield* probe.track(child.pid, session, (record) => {
    unseen.delete(sightOf(record) ?? "")
    if (unseen.size === 0) done.unsafeOpen()
  })
  child.stdin?.end("\n")
  yield* done.await.pipe(
    Effect.raceFirst(probe.lost),
    Effect.timeoutFail({
      duration: limit,
      onTimeout: () => {
        const missing = Object.entries(sights).flatMap(([sight, name]) => (unseen.has(sight) ? [name] : []))
        return new ProbeLost({
          message: `the probe runs, but of a process that was started to try it, it did not see ${missing.join(", ")}`,
        })
      },
    }),
  )
}, Effect.scoped)
