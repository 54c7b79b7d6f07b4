import { Effect, type Scope } from "effect"

/** Counts streams, so that a hub that stops can wait for them. */
export const makeLiveStreams = () => {
  const none = Effect.unsafeMakeLatch(true)
  let count = 0
  let closed = false
  /** Counts one for as long as the scope. */
  const hold: Effect.Effect<void, never, Scope.Scope> = Effect.acquireRelease(
    Effect.sync(() => {
      count += 1
      none.unsafeClose()
    }),
    () =>
      Effect.sync(() => {
        count -= 1
        if (count === 0) none.unsafeOpen()
      }),
  )
  return {
    hold,
    /** Completes when there is none. */
    idle: none.await,
    close: Effect.sync(() => {
      closed = true
    }),
    closed: (): boolean => closed,
  }
}
