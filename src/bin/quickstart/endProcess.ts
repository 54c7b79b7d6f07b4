import type { ChildProcess } from "node:child_process"
import { Effect } from "effect"

/** Completes once a process has ended and its output was read. */
export const processEnded = (child: ChildProcess): Effect.Effect<number | NodeJS.Signals> =>
  Effect.async((resume) => {
    const tell = () => resume(Effect.succeed(child.exitCode ?? child.signalCode ?? 1))
    if (child.exitCode !== null || child.signalCode !== null) return tell()
    child.once("close", tell)
    return Effect.sync(() => child.off("close", tell))
  })

const patienceMs = 5000

/** Asks a process to end, and kills it where it has not within five seconds. Made for finalizers: it can't be interrupted. */
export const endProcess = (child: ChildProcess): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs)
    child.once("close", () => {
      clearTimeout(timer)
      resume(Effect.void)
    })
    child.kill("SIGTERM")
  }).pipe(Effect.uninterruptible)
