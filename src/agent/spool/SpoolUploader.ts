import { Context, Effect, Layer, Queue, Random } from "effect"
import { HubRecorder } from "../recording/HubRecorder.ts"
import { Spool, type SpooledRecording } from "./Spool.ts"
import { upload } from "./upload.ts"

/** Recordings that are brought to the hub at the same time. */
const concurrency = 2
/** Also without word of anything new: a hub that was away may be back. */
const longestWait = 30_000
const shortestWait = 500

/** Brings what waits in the spool to the hub, for ever; what cannot be brought now is tried again. */
export class SpoolUploader extends Context.Tag("mezite/agent/SpoolUploader")<
  SpoolUploader,
  {
    /** Something was left in the spool, or the hub may be back. */
    readonly wake: Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<SpoolUploader, never, Spool | HubRecorder> = Layer.scoped(
    SpoolUploader,
    Effect.gen(function* () {
      const spool = yield* Spool
      const recorder = yield* HubRecorder
      const wakes = yield* Queue.sliding<void>(1)

      /** Whether it is done with. */
      const bring = (recording: SpooledRecording) =>
        upload(recording.path, recorder).pipe(
          Effect.zipRight(spool.remove(recording)),
          Effect.as(true),
          Effect.catchTags({
            RecordingLost: (lost) =>
              lost.refused
                ? Effect.logError(`the recording is set aside: ${lost.message}`).pipe(
                    Effect.zipRight(spool.setAside(recording)),
                    Effect.as(true),
                  )
                : Effect.as(Effect.logWarning(`the recording waits: ${lost.message}`), false),
            RecordingError: (error) =>
              Effect.logError(`the recording is damaged, and set aside: ${error.message}`).pipe(
                Effect.zipRight(spool.setAside(recording)),
                Effect.as(true),
              ),
          }),
          // Whatever is wrong with one must not hold up the others, nor end this for good.
          Effect.catchAllDefect((defect) =>
            Effect.as(Effect.logError("the recording cannot be brought", defect), false),
          ),
          Effect.annotateLogs({ session: recording.sessionId }),
        )

      const round = Effect.gen(function* () {
        const waiting = yield* spool.waiting
        const done = yield* Effect.forEach(waiting, bring, { concurrency })
        return done.every((one) => one)
      }).pipe(
        Effect.catchAllDefect((defect) =>
          Effect.as(Effect.logError("the spool cannot be looked through", defect), false),
        ),
      )

      const wait = (failures: number) =>
        Effect.flatMap(Random.next, (random) => {
          const whole = Math.min(longestWait, shortestWait * 2 ** Math.min(failures, 10))
          return Effect.sleep(whole / 2 + (whole / 2) * random)
        })

      const loop = (failures: number): Effect.Effect<never> =>
        Effect.flatMap(round, (done) => {
          const next = done ? 0 : failures + 1
          const pause = done
            ? Effect.timeout(Queue.take(wakes), longestWait)
            : Effect.race(wait(failures), Queue.take(wakes))
          return Effect.zipRight(Effect.ignore(pause), loop(next))
        })
      yield* Effect.forkScoped(loop(0))
      return { wake: Effect.asVoid(Queue.offer(wakes, undefined)) }
    }),
  )
}
