import { Effect } from "effect"

/** Lets the event loop do what waits: `Effect.yieldNow` lets other fibers run, but no socket be read. */
export const nextTurn: Effect.Effect<void> = Effect.async((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})
