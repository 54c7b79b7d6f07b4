import type { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Layer, Option } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { LocalRecordings } from "../storage/LocalRecordings.ts"
import type { RecordingStorage } from "../storage/RecordingStorage.ts"
import type { DeliveryState } from "./DeliveryState.ts"
import { makeDeliveryQueue } from "./internal/DeliveryQueue.ts"
import { storeKept } from "./internal/storeKept.ts"
import { isDeleted } from "./RecordingRow.ts"
import { Recordings } from "./Recordings.ts"

/** So long a session's end waits for its recording to be stored; after that it is told that the hub keeps it. */
const moment = "500 millis"

const make = Effect.gen(function* () {
  const recordings = yield* Recordings
  const bring = yield* storeKept

  const note = (sessionId: SessionId, trouble: string) =>
    recordings
      .troubled(sessionId, trouble)
      .pipe(Effect.catchAll((error) => Effect.logWarning("what a recording waits for cannot be noted", error)))

  const queue = yield* makeDeliveryQueue((sessionId) =>
    Effect.tapError(bring(sessionId), ({ message }) => note(sessionId, message)),
  )
  // What an earlier run of the hub could not store.
  yield* Effect.flatMap(recordings.waiting, Effect.forEach(queue.offer, { discard: true }))

  /** An agent that is told so drops its copy: the database's word counts, not that nothing is left to do here. */
  const isInPlace = (sessionId: SessionId) =>
    Effect.matchEffect(recordings.get(sessionId), {
      onSuccess: (row) => Effect.succeed(Option.exists(row, (one) => one.state === "stored" || isDeleted(one))),
      onFailure: (error) => Effect.as(Effect.logWarning("whether a recording is stored cannot be told", error), false),
    })

  const deliver = Effect.fn("RecordingDelivery.deliver")(function* (sessionId: SessionId) {
    yield* queue.offer(sessionId)
    if (queue.state.away !== null) return false
    // Also where the caller itself may not be interrupted.
    const left = yield* Effect.timeoutOption(Effect.interruptible(queue.left(sessionId)), moment)
    return Option.isSome(left) && (yield* isInPlace(sessionId))
  })

  return { deliver, withdraw: queue.withdraw, state: Effect.sync(() => queue.state) }
})

/** Brings finished recordings from the hub's own disk to where they are kept, for ever; what fails is tried again. */
export class RecordingDelivery extends Context.Tag("mezite/auth/RecordingDelivery")<
  RecordingDelivery,
  {
    /** Brings a recording that is kept; true where it is stored within a moment, else it goes on. */
    readonly deliver: (sessionId: SessionId) => Effect.Effect<boolean>
    /** Brings it no more: when this is done it either is stored, or will not be before it is delivered again. */
    readonly withdraw: (sessionId: SessionId) => Effect.Effect<void>
    readonly state: Effect.Effect<DeliveryState>
  }
>() {
  static readonly layer: Layer.Layer<RecordingDelivery, SqlError, Recordings | LocalRecordings | RecordingStorage> =
    Layer.scoped(RecordingDelivery, make)
}
