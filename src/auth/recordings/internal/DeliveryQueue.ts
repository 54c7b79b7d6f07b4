import { Clock, Deferred, Effect, Exit, Fiber, FiberMap, Queue, Random } from "effect"
import { type BackOff, backOff } from "../../../domain/BackOff.ts"
import type { SessionId } from "../../../domain/Identifiers.ts"
import { StorageFailed } from "../../storage/RecordingStorage.ts"
import { atRest, type DeliveryState } from "../DeliveryState.ts"

/** Recordings that are stored at the same time. */
const lanes = 2

/** Between attempts to reach a storage that is away: all recordings wait for it together. */
const whenAway: BackOff = { first: 500, longest: 30_000 }
/** Between attempts to store one recording where others can be stored. */
const whenRefused: BackOff = { first: 2_000, longest: 600_000 }

interface Item {
  readonly sessionId: SessionId
  readonly left: Deferred.Deferred<void>
  failures: number
}

type Bring = (sessionId: SessionId) => Effect.Effect<void, StorageFailed>

/** Recordings that wait to be stored, and the workers that store them, for as long as the scope. */
export const makeDeliveryQueue = (bring: Bring) =>
  Effect.gen(function* () {
    const queue = yield* Queue.unbounded<Item>()
    const attempts = yield* FiberMap.make<SessionId, void, StorageFailed>()
    const scope = yield* Effect.scope
    const gate = yield* Effect.makeLatch(true)
    const items = new Map<SessionId, Item>()
    let state = atRest
    let failuresInRow = 0
    let open = true

    const leave = (sessionId: SessionId) =>
      Effect.suspend(() => {
        const item = items.get(sessionId)
        items.delete(sessionId)
        return item === undefined ? Effect.void : Deferred.succeed(item.left, undefined)
      })

    const later = (wait: BackOff, failures: number, then: Effect.Effect<unknown>) =>
      Effect.flatMap(Random.next, (random) => Effect.forkIn(Effect.delay(then, backOff(wait, failures, random)), scope))

    /** Lets nobody try for a while. */
    const goneAway = (trouble: string) =>
      Effect.gen(function* () {
        const sinceMs = state.away?.sinceMs ?? (yield* Clock.currentTimeMillis)
        state = { ...state, away: { sinceMs, trouble } }
        // Of two lanes that fail at once, one closes it.
        if (!open) return
        open = false
        yield* gate.close
        const reopen = Effect.suspend(() => {
          open = true
          return gate.open
        })
        yield* later(whenAway, failuresInRow, reopen)
        failuresInRow += 1
      })

    const failed = (item: Item, error: StorageFailed) =>
      Effect.gen(function* () {
        state = { ...state, failures: state.failures + 1 }
        yield* Effect.logWarning(`the recording of ${item.sessionId} waits: ${error.message}`)
        if (error.away) {
          yield* goneAway(error.message)
          yield* Queue.offer(queue, item)
        } else {
          yield* later(whenRefused, item.failures, Queue.offer(queue, item))
          item.failures += 1
        }
      })

    const stored = (item: Item) =>
      Effect.suspend(() => {
        state = { ...state, stored: state.stored + 1, away: null }
        failuresInRow = 0
        return leave(item.sessionId)
      })

    const next = Effect.gen(function* () {
      const item = yield* Queue.take(queue)
      yield* gate.await
      // It may have been withdrawn meanwhile.
      if (items.get(item.sessionId) !== item) return
      const attempt = yield* FiberMap.run(attempts, item.sessionId, orStorageFailed(bring(item.sessionId)))
      const exit = yield* Fiber.await(attempt)
      if (Exit.isInterrupted(exit)) return
      yield* Exit.matchEffect(exit, {
        onSuccess: () => stored(item),
        onFailure: (cause) => Effect.catchAll(Effect.failCause(cause), (error) => failed(item, error)),
      })
    })
    yield* Effect.replicateEffect(Effect.forkScoped(Effect.forever(next)), lanes)

    return {
      get state(): DeliveryState {
        return { ...state, waiting: items.size }
      },
      offer: (sessionId: SessionId): Effect.Effect<void> =>
        Effect.gen(function* () {
          if (items.has(sessionId)) return
          const item: Item = { sessionId, left: yield* Deferred.make<void>(), failures: 0 }
          items.set(sessionId, item)
          yield* Queue.offer(queue, item)
        }),
      /** Completes when the recording is in the queue no more. */
      left: (sessionId: SessionId): Effect.Effect<void> =>
        Effect.suspend(() => {
          const item = items.get(sessionId)
          return item === undefined ? Effect.void : Deferred.await(item.left)
        }),
      /** Takes it out of the queue, and ends the attempt that is under way. */
      withdraw: (sessionId: SessionId): Effect.Effect<void> =>
        Effect.zipRight(leave(sessionId), FiberMap.remove(attempts, sessionId)),
    }
  })

/** Whatever is wrong with one recording must not end the work for the others. */
const orStorageFailed = (effect: Effect.Effect<void, StorageFailed>) =>
  Effect.catchAllDefect(
    effect,
    (cause) => new StorageFailed({ message: `it cannot be stored: ${String(cause)}`, cause }),
  )

export type DeliveryQueue = Effect.Effect.Success<ReturnType<typeof makeDeliveryQueue>>
