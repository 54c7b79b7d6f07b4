import { Clock, Context, Effect, FiberSet, Layer, Queue, Random } from "effect"
import { HubReturn } from "../hub/HubReturn.ts"
import { NodeHost } from "../NodeHost.ts"
import { HubRecorder } from "../recording/HubRecorder.ts"
import { Spool, type SpooledRecording } from "./Spool.ts"
import { UploadQueue } from "./UploadQueue.ts"
import { upload } from "./upload.ts"

/** Recordings that are brought to the hub at the same time. */
const atOnce = 2
/** Milliseconds between looks into the spool, also without word of anything new. */
const longestWait = 30_000

/** Milliseconds by a clock that nobody sets: else what waits would wait on where the machine's clock is put back. */
const steadyMs = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** What became of an attempt. */
type Outcome = { readonly _tag: "Done" } | { readonly _tag: "Failed"; readonly message: string }

/** Brings what waits in the spool to the hub, for ever; what cannot be brought now is tried again. */
export class SpoolUploader extends Context.Tag("mezite/node/SpoolUploader")<
  SpoolUploader,
  {
    /** Something was left in the spool. */
    readonly wake: Effect.Effect<void>
    /** Completes once all that is in the spool now was brought, or tried at least. */
    readonly settled: Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<SpoolUploader, never, Spool | HubRecorder | HubReturn> = Layer.scoped(
    SpoolUploader,
    Effect.suspend(() => make),
  )
}

const make = Effect.gen(function* () {
  const [spool, recorder, hubReturn] = [yield* Spool, yield* HubRecorder, yield* HubReturn]
  const host = yield* NodeHost
  const wakes = yield* Queue.sliding<void>(1)
  const wake = Effect.asVoid(Queue.offer(wakes, undefined))
  const uploads = yield* FiberSet.make<void>()
  const queue = new UploadQueue(atOnce)
  const waiters: Array<() => void> = []

  const setAside = (recording: SpooledRecording, reason: string) =>
    Effect.logError(`the recording is set aside, until "mezd spool retry": ${reason}`).pipe(
      Effect.zipRight(spool.setAside(recording, reason)),
      Effect.as<Outcome>({ _tag: "Done" }),
    )

  const failed = (message: string): Effect.Effect<Outcome> => Effect.succeed({ _tag: "Failed", message })

  const remove = (recording: SpooledRecording) => Effect.as(spool.remove(recording), { _tag: "Done" } as const)

  const become = (recording: SpooledRecording, where: "stored" | "kept" | "nowhere") => {
    if (where === "stored") return remove(recording)
    if (where === "kept") return failed("the hub keeps it on its own disk, and has yet to store it")
    return Effect.zipRight(
      Effect.logWarning("the recording is removed: it was killed before it began"),
      remove(recording),
    )
  }

  /** Whatever is wrong with one must not hold up the others, nor end this for good. */
  const attempt = (recording: SpooledRecording) =>
    spool.note(recording, { state: "uploading", next_attempt_at: null }).pipe(
      Effect.zipRight(spool.stateOf(recording)),
      Effect.flatMap(({ tail }) => upload(recording.path, { recorder, tail, host })),
      Effect.flatMap((where) => become(recording, where)),
      Effect.catchTags({
        RecordingLost: ({ refused, message }) => (refused ? setAside(recording, message) : failed(message)),
        RecordingError: ({ message }) => setAside(recording, `it is damaged: ${message}`),
      }),
      Effect.catchAllDefect((defect) =>
        Effect.zipRight(Effect.logError("the recording cannot be brought", defect), failed(String(defect))),
      ),
    )

  const later = Effect.fnUntraced(function* (recording: SpooledRecording, message: string) {
    yield* Effect.logWarning(`the recording waits: ${message}`)
    const now = yield* steadyMs
    const { failures, dueMs } = queue.failed(recording, now, yield* Random.next)
    yield* spool.note(recording, {
      state: "waiting",
      attempts: failures,
      last_error: message,
      next_attempt_at: new Date((yield* Clock.currentTimeMillis) + dueMs - now).toISOString(),
    })
  })

  const bring = (recording: SpooledRecording) =>
    attempt(recording).pipe(
      Effect.flatMap((outcome) =>
        outcome._tag === "Done" ? Effect.sync(() => queue.done(recording)) : later(recording, outcome.message),
      ),
      Effect.zipRight(wake),
      Effect.annotateLogs({ session: recording.sessionId }),
    )

  /** Begins what is due, and gives how long to wait for more. */
  const round = Effect.gen(function* () {
    const now = yield* steadyMs
    const asked = waiters.splice(0)
    for (const recording of queue.take(yield* spool.waiting, now)) yield* FiberSet.run(uploads, bring(recording))
    if (queue.isQuiet(now)) for (const settle of asked) settle()
    else waiters.push(...asked)
    return Math.min(longestWait, Math.max(0, queue.nextDueMs - now))
  }).pipe(
    Effect.catchAllDefect((defect) =>
      Effect.as(Effect.logError("the spool cannot be looked through", defect), longestWait),
    ),
  )

  yield* round.pipe(
    Effect.flatMap((wait) => Effect.raceFirst(Effect.sleep(wait), Queue.take(wakes))),
    Effect.forever,
    Effect.forkScoped,
  )
  yield* hubReturn.next.pipe(
    Effect.zipRight(Effect.sync(() => queue.hubIsBack())),
    Effect.zipRight(wake),
    Effect.forever,
    Effect.forkScoped,
  )
  const settled = Effect.async<void>((resume) => {
    waiters.push(() => resume(Effect.void))
    wakes.unsafeOffer(undefined)
  })
  return { wake, settled }
})
