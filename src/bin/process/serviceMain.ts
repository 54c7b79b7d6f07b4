import { makeRunMain } from "@effect/platform/Runtime"
import { Effect, Exit } from "effect"
import { StopRequest } from "./StopRequest.ts"

/** Node's longest interval: it only keeps the process from ending by itself. */
const longest = 2 ** 31 - 1

const interrupted = 130

/**
 * Runs a service and ends the process with the exit code that it gives; once it was told to stop, with 0 after SIGTERM, for that is
 * how a service ends, and with 130 after SIGINT. The first signal asks it to stop (`StopRequest`), the next interrupts it; what
 * it began is undone first.
 */
export const serviceMain = (service: Effect.Effect<number, never, StopRequest>): void => {
  const asked = Effect.unsafeMakeLatch(false)
  let waiting = 0
  let first: NodeJS.Signals | undefined
  const requested = Effect.acquireUseRelease(
    Effect.sync(() => (waiting += 1)),
    () => asked.await,
    () => Effect.sync(() => (waiting -= 1)),
  )
  const run = makeRunMain(({ fiber, teardown }) => {
    const keepAlive = setInterval(() => {}, longest)
    const onSignal = (signal: NodeJS.Signals): void => {
      const asks = first === undefined && waiting > 0
      first ??= signal
      if (asks) asked.unsafeOpen()
      else fiber.unsafeInterruptAsFork(fiber.id())
    }
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, onSignal)
    fiber.addObserver((exit) => {
      clearInterval(keepAlive)
      teardown(exit, (code) => process.exit(code))
    })
  })
  run(Effect.provideService(service, StopRequest, { requested }), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit, onExit) => {
      const code = Exit.isSuccess(exit) ? (exit.value as number) : interrupted
      if (first === undefined || (Exit.isSuccess(exit) && code !== 0)) return onExit(code)
      onExit(first === "SIGTERM" ? 0 : interrupted)
    },
  })
}
