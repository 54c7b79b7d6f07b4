import { Chunk, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { NotFound, Unavailable } from "../../api/ApiError.ts"
import { SessionId } from "../../domain/Identifiers.ts"
import {
  encodeEndEntry,
  encodeFrameEntry,
  encodeHeaderEntry,
  type FrameCipher,
  type KeyRing,
  MAGIC,
  type RecordingEntry,
  RecordingError,
  readEntries,
} from "../../recording/index.ts"
import { RecordingStore } from "../sessions/RecordingStore.ts"
import { RecordingStorage, type StorageFailed } from "./RecordingStorage.ts"

/** Gives recordings to those who may have them: as they are stored, or in clear. */
export const layer = (keyRing: Redacted.Redacted<KeyRing>): Layer.Layer<RecordingStore, never, RecordingStorage> =>
  Layer.effect(
    RecordingStore,
    Effect.map(RecordingStorage, (storage) => ({
      read: (sessionId, { sealed }) =>
        Stream.unwrap(
          Effect.gen(function* () {
            const id = Option.liftPredicate(sessionId, Schema.is(SessionId))
            const place = Option.isSome(id) ? yield* storage.place(id.value) : Option.none()
            if (Option.isNone(id) || Option.isNone(place)) {
              return yield* new NotFound({ message: `session ${sessionId} was not recorded` })
            }
            const stored = storage.read(id.value)
            return sealed ? stored : inClear(stored, Redacted.value(keyRing))
          }),
        ).pipe(
          Stream.catchTags({
            StorageFailed: (error) => Stream.fromEffect(unavailable(error)),
            RecordingError: (error) => Stream.fromEffect(unavailable(error)),
          }),
        ),
    })),
  )

const unavailable = (error: StorageFailed | RecordingError) =>
  Effect.zipRight(
    Effect.logError("a recording cannot be read", error.message),
    new Unavailable({ message: "the hub cannot read this recording; its log tells why" }),
  )

/** The recording decrypted, without its seals. One that still grows ends where it is now. */
const inClear = (stored: Stream.Stream<Uint8Array, StorageFailed>, keys: KeyRing) => {
  let cipher: FrameCipher | undefined
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
