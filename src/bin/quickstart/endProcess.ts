import type { ChildProcess } from "node:child_process"
import { Duration, Effect } from "effect"

/** Completes once a process has ended and its output was read. */
export const processEnded = (child: ChildProcess): Effect.Effect<number | NodeJS.Signals> =>
  Effect.async((resume) => {
    const tell = () => resume(Effect.succeed(child.exitCode ?? child.signalCode ?? 1))
    if (child.exitCode !== null || child.signalCode !== null) return tell()
    child.once("close", tell)
    return Effect.sync(() => child.off("close", tell))
  })

/** Asks a process to end, and kills it where it has not within five seconds. */
export const endProcess = (child: ChildProcess): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Effect.void
    child.kill("SIGTERM")
    // A scope that closes lets nothing be interrupted, not even by a time-out, unless it is told.
    return Effect.interruptible(processEnded(child)).pipe(
      Effect.timeout(Duration.seconds(5)),
      Effect.catchTag("TimeoutException", () => {
        child.kill("SIGKILL")
        return processEnded(child)
      }),
      Effect.asVoid,
    )
  })
