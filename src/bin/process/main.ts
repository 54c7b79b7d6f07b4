import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { type Effect, Exit } from "effect"

/**
 * Runs a program and ends the process with the exit code that it gives. SIGINT and SIGTERM interrupt it; what it began is
 * undone first. Interrupted, it ends with 130, or with 143 where that was SIGTERM.
 */
export const main = (program: Effect.Effect<number>): void => {
  let terminated = false
  process.once("SIGTERM", () => {
    terminated = true
  })
  NodeRuntime.runMain(program, {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit) => {
      const interrupted = terminated ? 143 : 130
      // Not left to an event loop that has run dry: a terminal that was read from keeps it going. All output has been taken.
      process.exit(Exit.isSuccess(exit) ? (exit.value as number) : interrupted)
    },
  })
}
