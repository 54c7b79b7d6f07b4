import { Chunk, Effect, Option, Stream } from "effect"
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
} from "../../../recording/index.ts"

/** How much of a recording a reader has; it grows while it is read. */
export interface Told {
  header: boolean
  /** The last frame. */
  seq: number
  end: boolean
}

export const nothingTold = (): Told => ({ header: false, seq: 0, end: false })

/**
 * The recording decrypted, without its seals and without what was told before. One that still grows ends where it is now.
 */
export const inClear = <E>(
  stored: Stream.Stream<Uint8Array, E>,
  keys: KeyRing,
  told: Told,
): Stream.Stream<Uint8Array, E | RecordingError> => {
  let cipher: PayloadDecryption | undefined
  const reveal = (read: RecordingEntry): ReadonlyArray<Uint8Array> => {
    switch (read._tag) {
      case "Header": {
        cipher = keys.cipherFor(read.header)
        if (told.header) return []
        told.header = true
        return [MAGIC, encodeHeaderEntry({ info: read.header.info, deflate: read.header.deflate })]
      }
      case "Frame":
        if (read.frame.seq <= told.seq) return []
        told.seq = read.frame.seq
        return [
          cipher === undefined ? read.entry.bytes : encodeFrameEntry(cipher.decrypt(read.frame, read.entry.offset)),
        ]
      case "Seal":
        return []
      case "End":
        told.end = true
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
      error instanceof RecordingError && error.kind === "Truncated" ? Option.some(Stream.empty) : Option.none(),
    ),
  )
}
