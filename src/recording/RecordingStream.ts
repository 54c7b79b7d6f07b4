import { Channel, Chunk, Effect, Stream } from "effect"
import type { Frame } from "../domain/Frame.ts"
import { EntryReader, type EntryReaderOptions, type RecordingEntry } from "./EntryReader.ts"
import type { PullParser } from "./PullParser.ts"
import { RecordingError } from "./RecordingError.ts"
import { type RecordingEvent, RecordingReader, type RecordingReaderOptions } from "./RecordingReader.ts"

/** How much is unpacked at once: frames that follow each other in one piece may unpack to a thousand times its size. */
const BATCH_BYTES = 1024 * 1024
const BATCH_COUNT = 1024

interface Batch<A> {
  readonly items: Array<A>
  /** `more`: this piece has still more; `hungry`: it is used up; else what was wrong. */
  readonly next: "more" | "hungry" | RecordingError
}

const orRecordingError = (error: unknown): RecordingError => {
  if (error instanceof RecordingError) return error
  throw error
}

const nextBatch = <A>(parser: PullParser<A>, sizeOf: (item: A) => number): Batch<A> => {
  const items: Array<A> = []
  try {
    for (let bytes = 0; bytes < BATCH_BYTES && items.length < BATCH_COUNT; ) {
      const item = parser.next()
      if (item === undefined) return { items, next: "hungry" }
      items.push(item)
      bytes += sizeOf(item)
    }
    return { items, next: "more" }
  } catch (error) {
    return { items, next: orRecordingError(error) }
  }
}

type Parsed<A, E> = Channel.Channel<Chunk.Chunk<A>, Chunk.Chunk<Uint8Array>, E | RecordingError, E, unknown, unknown>

const parse = <A, E>(parser: PullParser<A>, sizeOf: (item: A) => number): Parsed<A, E> => {
  const drain = (pieces: ReadonlyArray<Uint8Array>, at: number): Parsed<A, E> =>
    Channel.suspend(() => {
      const { items, next } = nextBatch(parser, sizeOf)
      const written = Channel.write(Chunk.unsafeFromArray(items))
      if (next === "more") return Channel.zipRight(written, drain(pieces, at))
      if (next !== "hungry") return Channel.zipRight(written, Channel.fail(next))
      return items.length === 0 ? feed(pieces, at) : Channel.zipRight(written, feed(pieces, at))
    })
  const feed = (pieces: ReadonlyArray<Uint8Array>, at: number): Parsed<A, E> => {
    const piece = pieces[at]
    if (piece === undefined) return idle
    return Channel.suspend(() => {
      parser.push(piece)
      return drain(pieces, at + 1)
    })
  }
  const idle: Parsed<A, E> = Channel.readWith({
    onInput: (pieces: Chunk.Chunk<Uint8Array>) => feed(Chunk.toReadonlyArray(pieces), 0),
    onFailure: (error: E) => Channel.fail(error),
    onDone: () => Channel.fromEffect(Effect.try({ try: () => parser.end(), catch: orRecordingError })),
  })
  return idle
}

const through = <A, E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  make: () => PullParser<A>,
  sizeOf: (item: A) => number,
): Stream.Stream<A, E | RecordingError, R> =>
  Stream.suspend(() => Stream.pipeThroughChannelOrFail(bytes, parse<A, E>(make(), sizeOf)))

/**
 * What a recording tells, read from its bytes in any pieces, with bounded memory: everything that is good, then the end or one
 * `RecordingError`.
 */
export const readRecording = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: RecordingReaderOptions = {},
): Stream.Stream<RecordingEvent, E | RecordingError, R> =>
  through(
    bytes,
    () => new RecordingReader(options),
    (event) => (event._tag === "Frame" ? event.frame.payload.length : 0),
  )

/** The frames of a recording, in clear. */
export const readFrames = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: RecordingReaderOptions = {},
): Stream.Stream<Frame, E | RecordingError, R> =>
  readRecording(bytes, options).pipe(
    Stream.mapChunks((events) =>
      Chunk.flatMap(events, (event) => (event._tag === "Frame" ? Chunk.of(event.frame) : Chunk.empty<Frame>())),
    ),
  )

/** A recording's entries as they stand there, payloads compressed and encrypted; needs no decryption key. */
export const readEntries = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: EntryReaderOptions = {},
): Stream.Stream<RecordingEntry, E | RecordingError, R> =>
  through(
    bytes,
    () => new EntryReader(options),
    ({ entry }) => entry.bytes.length,
  )
