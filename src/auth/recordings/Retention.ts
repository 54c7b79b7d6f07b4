import { Clock, Duration, Effect, Layer, Option, Schedule, Stream } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { Settings } from "../settings/Settings.ts"
import { RecordingDeletion } from "./RecordingDeletion.ts"
import { Recordings } from "./Recordings.ts"

/** How long after its time a recording may still be there. */
const interval = "10 minutes"

/** A hub that was away for longer is no hub of the cluster any more. */
const hubsAreKnownFor = "7 days"

const make = (every: Duration.DurationInput) =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const recordings = yield* Recordings
    const deletion = yield* RecordingDeletion
    const sessionHubs = yield* SessionHubs

    /** One that can't be deleted now must not hold up the others. */
    const each = <E extends { readonly message: string }>(
      ids: ReadonlyArray<SessionId>,
      act: (sessionId: SessionId) => Effect.Effect<void, E>,
    ) =>
      Effect.forEach(
        ids,
        (id) =>
          Effect.catchAll(act(id), ({ message }) =>
            Effect.logWarning(`the recording of ${id} stays for now: ${message}`),
          ),
        { discard: true },
      )

    const expire = Effect.fnUntraced(function* (retention: Duration.Duration) {
      const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(retention)
      const reason = `recording_retention ${Duration.format(retention)}`
      yield* Stream.runForEachChunk(recordings.endedBefore(before), (ids) =>
        each([...ids], (id) => deletion.remove(id, null, reason)),
      )
    })

    const sweep = Effect.gen(function* () {
      yield* Effect.flatMap(recordings.deleting, (ids) => each(ids, deletion.finish))
      yield* Effect.flatMap(settings.recordingRetention, Option.match({ onNone: () => Effect.void, onSome: expire }))
      yield* sessionHubs.forget(hubsAreKnownFor)
    }).pipe(
      Effect.withSpan("Retention.sweep"),
      Effect.catchAllCause((cause) => Effect.logError("recordings whose time is over cannot be deleted now", cause)),
    )

    yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(every)))
  })

/**
 * Deletes recordings when `recording_retention` is over, counted from their session's end, ends deletions that were begun, and forgets
 * which hub had what has long been in its place.
 */
export const layer = (
  every: Duration.DurationInput = interval,
): Layer.Layer<never, never, Settings | Recordings | RecordingDeletion | SessionHubs> =>
  Layer.scopedDiscard(make(every))
