import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer, Option, Redacted, Stream } from "effect"
import { NotFound, Unavailable } from "../../api/ApiError.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { KeyRing, RecordingError } from "../../recording/index.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { PeerRecordings } from "../hubs/PeerRecordings.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { isDeleted, type RecordingRow, type RecordingState, shareOf } from "../recordings/RecordingRow.ts"
import { Recordings } from "../recordings/Recordings.ts"
import { RecordingStore } from "../sessions/RecordingStore.ts"
import { followed } from "./internal/followed.ts"
import { inClear, nothingTold } from "./internal/inClear.ts"
import { LocalRecordings } from "./LocalRecordings.ts"
import { RecordingStorage, type StorageFailed, type StoredFile } from "./RecordingStorage.ts"

const make = (keyRing: Redacted.Redacted<KeyRing>) =>
  Effect.gen(function* () {
    const recordings = yield* Recordings
    const local = yield* LocalRecordings
    const storage = yield* RecordingStorage
    const [hubs, sessionHubs, peers] = [yield* Hubs, yield* SessionHubs, yield* PeerRecordings]

    /** It may be put in its place, or taken back, between a look and an open. */
    const open = Effect.fnUntraced(function* (sessionId: SessionId, state: RecordingState) {
      const places = state === "stored" ? [storage, local, storage] : [local, storage, local]
      for (const place of places) {
        const file = yield* place.open(sessionId)
        if (Option.isSome(file)) return file.value
      }
      return yield* new NotFound({ message: `the recording of session ${sessionId} is not on this hub` })
    })

    const bytesOf = Effect.fnUntraced(function* ({ session_id: sessionId, state }: RecordingRow, from: number) {
      const here = Effect.map(open(sessionId, state), (file) => file.from(from))
      if (state === "stored") return yield* here
      const holder = yield* sessionHubs.holder(sessionId)
      if (holder === hubs.id) return yield* here
      // One that is whole may be in its place before its hub could say so.
      const placed = state === "kept" ? yield* storage.open(sessionId) : Option.none<StoredFile>()
      return Option.match(placed, {
        onNone: () => peers.read(holder, sessionId, from),
        onSome: (file) => file.from(from),
      })
    })

    const whereabouts = Effect.fn("StoredRecordings.whereabouts")(function* (sessionId: string) {
      const recording = yield* recordings.get(sessionId)
      if (Option.isNone(recording)) return yield* new NotFound({ message: `session ${sessionId} was not recorded` })
      const row = recording.value
      if (isDeleted(row)) return yield* new NotFound({ message: `the recording of session ${sessionId} was deleted` })
      return {
        place: row.state === "stored" ? "stored" : yield* sessionHubs.holder(row.session_id),
        grows: row.state === "open",
        keys: Redacted.value(keyRing).withShare(Option.getOrUndefined(shareOf(row))),
        from: (offset: number) => Stream.unwrapScoped(bytesOf(row, offset)),
      }
    })

    const read = (sessionId: string, sealed: boolean) =>
      Stream.unwrap(
        Effect.map(whereabouts(sessionId), ({ keys, from }) =>
          sealed ? from(0) : inClear(from(0), keys, nothingTold()),
        ),
      )

    return RecordingStore.of({
      read: (sessionId, { sealed }) => orUnavailable(read(sessionId, sealed)),
      follow: (sessionId) => orUnavailable(followed(whereabouts(sessionId))),
    })
  })

/** Gives recordings to those who may have them: as they are stored, or in clear. */
export const layer = (
  keyRing: Redacted.Redacted<KeyRing>,
): Layer.Layer<
  RecordingStore,
  never,
  Recordings | LocalRecordings | RecordingStorage | Hubs | SessionHubs | PeerRecordings
> => Layer.effect(RecordingStore, make(keyRing))

const cannotRead = "the hub cannot read this recording; its log tells why"
const away = "where this recording is kept, in a store or on another hub's disk, nothing answers now: try again later"

const unavailable = (error: StorageFailed | RecordingError | SqlError) =>
  Stream.fromEffect(
    Effect.zipRight(
      Effect.logError("a recording cannot be read", error.message),
      new Unavailable({ message: error._tag === "StorageFailed" && error.away ? away : cannotRead }),
    ),
  )

const orUnavailable = (bytes: Stream.Stream<Uint8Array, NotFound | StorageFailed | RecordingError | SqlError>) =>
  Stream.catchTags(bytes, { StorageFailed: unavailable, RecordingError: unavailable, SqlError: unavailable })
