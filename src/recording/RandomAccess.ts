import { Effect, Option, Stream } from "effect"
import type { Frame } from "../domain/Frame.ts"
import { decodeEnd, type RecordingEnd, type SeekPoint } from "./End.ts"
import { type Entry, splitEntries } from "./Entry.ts"
import type { RecordingHeader } from "./Header.ts"
import { Limits } from "./Limits.ts"
import { RecordingError } from "./RecordingError.ts"
import type { RecordingReaderOptions } from "./RecordingReader.ts"
import { readEntries, readFrames } from "./RecordingStream.ts"
import { decodeSealEntry, SEAL_ENTRY_BYTES } from "./Seal.ts"

/** A recording whose bytes can be read from anywhere: a file, an object of S3. */
export interface RandomAccess<E = never> {
  /** Bytes. */
  readonly size: number
  /** The bytes from `offset` on: `length` of them, fewer only at the end of the file. */
  readonly read: (offset: number, length: number) => Effect.Effect<Uint8Array, E>
}

const PIECE_BYTES = 64 * 1024

/** The bytes from `offset` to the end, in pieces of 64 KiB. */
export const bytesFrom = <E>(source: RandomAccess<E>, offset: number): Stream.Stream<Uint8Array, E> =>
  Stream.unfoldEffect(offset, (at) =>
    at >= source.size
      ? Effect.succeed(Option.none())
      : Effect.map(source.read(at, Math.min(PIECE_BYTES, source.size - at)), (piece) =>
          piece.length === 0 ? Option.none() : Option.some([piece, at + piece.length] as const),
        ),
  )

/** The header, and the offset of what follows it. Reads no more than it needs. */
export const readHeader = <E>(
  source: RandomAccess<E>,
): Effect.Effect<{ readonly header: RecordingHeader; readonly next: number }, E | RecordingError> =>
  readEntries(bytesFrom(source, 0)).pipe(
    Stream.runHead,
    Effect.flatMap((first) =>
      Option.isSome(first) && first.value._tag === "Header"
        ? Effect.succeed({
            header: first.value.header,
            next: first.value.entry.offset + first.value.entry.bytes.length,
          })
        : Effect.fail(RecordingError.at(0, "Truncated", "the file ends before the header does")),
    ),
  )

/** The only entry in `bytes`; none where they are anything else. */
const onlyEntry = (bytes: Uint8Array, offset: number): Option.Option<Entry> => {
  const entries = splitEntries(bytes, offset)
  const first = entries.next()
  return first.done === true || first.value.bytes.length !== bytes.length ? Option.none() : Option.some(first.value)
}

const attempt = <A>(parse: () => Option.Option<A>): Option.Option<A> => {
  try {
    return parse()
  } catch (error) {
    if (error instanceof RecordingError) return Option.none()
    throw error
  }
}

/**
 * The End, found from the file's tail through the last seal in two reads, its keyframes still encrypted; none where the
 * recording has no seals, is damaged at its end, or is still being written. The seal's signature is not checked.
 */
export const locateEnd = <E>(
  source: RandomAccess<E>,
): Effect.Effect<Option.Option<{ readonly end: RecordingEnd; readonly offset: number }>, E> =>
  Effect.gen(function* () {
    const sealOffset = source.size - SEAL_ENTRY_BYTES
    if (sealOffset <= 0) return Option.none()
    const tail = yield* source.read(sealOffset, SEAL_ENTRY_BYTES)
    const seal = attempt(() => Option.some(decodeSealEntry(tail, sealOffset)))
    if (Option.isNone(seal)) return Option.none()
    const offset = seal.value.endOffset
    const length = sealOffset - offset
    if (offset === 0 || length <= 0 || length > Limits.end + Limits.frameOverhead) return Option.none()
    const bytes = yield* source.read(offset, length)
    return attempt(() =>
      Option.map(
        Option.filter(onlyEntry(bytes, offset), ({ kind }) => kind === "end"),
        ({ body }) => ({ end: decodeEnd(body, offset), offset }),
      ),
    )
  })

/** The last of the points that lies before `timeMs`, so that every frame from then on follows it; none: the beginning. */
export const pointBefore = <P extends SeekPoint>(points: ReadonlyArray<P>, timeMs: number): Option.Option<P> => {
  let low = 0
  for (let high = points.length; low < high; ) {
    const middle = (low + high) >>> 1
    const point = points[middle]
    if (point !== undefined && point.timeMs < timeMs) low = middle + 1
    else high = middle
  }
  return Option.fromNullable(points[low - 1])
}

/** The frames from a seek point or keyframe on; the first has the point's number. */
export const framesFrom = <E>(
  source: RandomAccess<E>,
  header: RecordingHeader,
  point: SeekPoint,
  options: Pick<RecordingReaderOptions, "keys"> = {},
): Stream.Stream<Frame, E | RecordingError> =>
  readFrames(bytesFrom(source, point.offset), { ...options, from: { header, point } })
