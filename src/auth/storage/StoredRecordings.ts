import type { SqlError } from "@effect/sql/SqlError"
import { Chunk, Effect, Layer, Option, Redacted, Stream } from "effect"
import { NotFound, Unavailable } from "../../api/ApiError.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import {
  encodeEndEntry,
  encodeFrameEntry,
  encodeHeaderEntry,
  type KeyRing,
  MAGIC,
  type PayloadDecryption,
  type RecordingEntry,
  RecordingError,
  readEntries,
} from "../../recording/index.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { PeerRecordings } from "../hubs/PeerRecordings.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { isDeleted, type RecordingRow, type RecordingState, shareOf } from "../recordings/RecordingRow.ts"
import { Recordings } from "../recordings/Recordings.ts"
import { RecordingStore } from "../sessions/RecordingStore.ts"
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

    const bytesOf = Effect.fnUntraced(function* ({ session_id: sessionId, state }: RecordingRow) {
      const here = Effect.map(open(sessionId, state), (file) => file.from(0))
      if (state === "stored") return yield* here
      const holder = yield* sessionHubs.holder(sessionId)
      if (holder === hubs.id) return yield* here
      // One that is whole may be in its place before its hub could say so.
      const placed = state === "kept" ? yield* storage.open(sessionId) : Option.none<StoredFile>()
      return Option.match(placed, { onNone: () => peers.read(holder, sessionId), onSome: (file) => file.from(0) })
    })

    const read = Effect.fn("StoredRecordings.read")(function* (sessionId: string, sealed: boolean) {
      const recording = yield* recordings.get(sessionId)
      if (Option.isNone(recording)) return yield* new NotFound({ message: `session ${sessionId} was not recorded` })
      if (isDeleted(recording.value)) {
        return yield* new NotFound({ message: `the recording of session ${sessionId} was deleted` })
      }
      const bytes = yield* bytesOf(recording.value)
      const keys = Redacted.value(keyRing).withShare(Option.getOrUndefined(shareOf(recording.value)))
      return sealed ? bytes : inClear(bytes, keys)
    })

    return RecordingStore.of({
      read: (sessionId, { sealed }) =>
        Stream.unwrapScoped(read(sessionId, sealed)).pipe(
          Stream.catchTags({
            StorageFailed: (error) => Stream.fromEffect(unavailable(error)),
            RecordingError: (error) => Stream.fromEffect(unavailable(error)),
            SqlError: (error) => Stream.fromEffect(unavailable(error)),
          }),
        ),
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
  Effect.zipRight(
    Effect.logError("a recording cannot be read", error.message),
    new Unavailable({ message: error._tag === "StorageFailed" && error.away ? away : cannotRead }),
  )

/** The recording decrypted, without its seals. One that still grows ends where it is now. */
const inClear = (stored: Stream.Stream<Uint8Array, StorageFailed>, keys: KeyRing) => {
  let cipher: PayloadDecryption | undefined
  const reveal = (read: RecordingEntry): ReadonlyArray<Uint8Array> => {
    switch (read._tag) {
      case "Header": {
        cipher = keys.cipherFor(read.header)
        return [MAGIC, encodeHeaderEntry({ info: read.header.info, deflate: read.header.deflate })]
      }
      case "Frame":
        return [
          cipher === undefined ? read.entry.bytes : encodeFrameEntry(cipher.decrypt(read.frame, read.entry.offset)),
        ]
      case "Seal":
        return []
      case "End":
        // Offsets are those of the stored file.
        return [encodeEndEntry({ ...read.end, seekPoints: [], keyframes: [] })]
    }
  }
  return readEntries(stored).pipe(
    // One piece for what was read at once: a message for each keystroke would be a flood.
    Stream.mapChunksEffect((entries) =>
      Effect.try({
        try: () => Chunk.of<Uint8Array>(Buffer.concat(Chunk.toReadonlyArray(entries).flatMap(reveal))),
        catch: (error) => {
          if (error instanceof RecordingError) return error
          throw error
        },
      }),
    ),
    Stream.catchSome((error) =>
      error._tag === "RecordingError" && error.kind === "Truncated" ? Option.some(Stream.empty) : Option.none(),
    ),
  )
}
