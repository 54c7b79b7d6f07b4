import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Option } from "effect"
import type { SessionId } from "../../../domain/Identifiers.ts"
import { LocalRecordings } from "../../storage/LocalRecordings.ts"
import { type FinishedRecording, RecordingStorage, StorageFailed } from "../../storage/RecordingStorage.ts"
import { type KeptRecording, Recordings } from "../Recordings.ts"

const databaseFailed = (cause: SqlError) =>
  new StorageFailed({ message: "the hub's database does not answer", away: true, cause })

/**
 * Stores one recording that is kept on this hub's disk, and tells the database; does nothing where none of that name is kept any more.
 * Cut off at any point, it can be done again.
 */
export const storeKept = Effect.gen(function* () {
  const recordings = yield* Recordings
  const local = yield* LocalRecordings
  const storage = yield* RecordingStorage

  const put = (sessionId: SessionId, kept: KeptRecording, replaces: Option.Option<string>) => {
    const finished: FinishedRecording = { sessionId, path: local.path(sessionId), ...kept, replaces }
    return storage.put(finished)
  }

  /** What is in its place may be replaced as long as this recording is still the one that belongs there. */
  const replace = Effect.fnUntraced(function* (sessionId: SessionId, kept: KeptRecording, taken: string) {
    const now = yield* recordings.findKept(sessionId)
    if (!Option.exists(now, ({ digest }) => digest === kept.digest)) return
    yield* Effect.logInfo("another version of this recording is stored, and is replaced")
    yield* Effect.catchTag(
      put(sessionId, kept, Option.some(taken)),
      "PlaceTaken",
      () => new StorageFailed({ message: "the recording in its place changes again and again" }),
    )
  })

  return (sessionId: SessionId): Effect.Effect<void, StorageFailed> =>
    Effect.gen(function* () {
      const kept = yield* recordings.findKept(sessionId)
      if (Option.isNone(kept)) return
      yield* Effect.catchTag(put(sessionId, kept.value, Option.none()), "PlaceTaken", ({ digest }) =>
        replace(sessionId, kept.value, digest),
      )
      // Together, so that a stop leaves no file behind of what is stored.
      yield* Effect.uninterruptible(
        Effect.whenEffect(local.discard(sessionId), recordings.stored(sessionId, kept.value.digest)),
      )
    }).pipe(Effect.catchTag("SqlError", databaseFailed))
})
