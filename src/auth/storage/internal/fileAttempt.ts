import { Effect } from "effect"
import { StorageFailed } from "../RecordingStorage.ts"

/** A call of the file system as an effect; `what` is told with its failure. */
export const fileAttempt = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, StorageFailed> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new StorageFailed({ message: `${what}: ${(cause as Error).message}`, cause }),
  })
