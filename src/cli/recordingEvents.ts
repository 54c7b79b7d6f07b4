import { Chunk, Effect, Option, Stream } from "effect"
import { KeyRing } from "../recording/KeyRing.ts"
import { RecordingError } from "../recording/RecordingError.ts"
import { type RecordingEvent, RecordingReader } from "../recording/RecordingReader.ts"

/** About how many payload bytes are given out at once. */
const bytesAtOnce = 256 * 1024

/** Takes events until there are no more, or enough for once. An error is kept until what is good was given out. */
class EventSource {
  private readonly reader: RecordingReader
  private damage: RecordingError | undefined
  private finished = false

  constructor(keys: KeyRing) {
    this.reader = new RecordingReader({ keys })
  }

  take(): ReadonlyArray<RecordingEvent> {
    const events: Array<RecordingEvent> = []
    let bytes = 0
    this.guard(() => {
      while (bytes < bytesAtOnce) {
        const event = this.reader.next()
        if (event === undefined) return
        events.push(event)
        bytes += event._tag === "Frame" ? event.frame.payload.length : 0
      }
    })
    return events
  }

  push(piece: Uint8Array): void {
    this.guard(() => this.reader.push(piece))
  }

  end(): void {
    this.finished = true
    this.guard(() => this.reader.end())
  }

  /** Why there is nothing more, once there is not: none at the recording's proper end. */
  get stopped(): Option.Option<Option.Option<RecordingError>> {
    if (this.damage !== undefined) return Option.some(Option.some(this.damage))
    return this.finished ? Option.some(Option.none()) : Option.none()
  }

  private guard(step: () => void): void {
    if (this.damage !== undefined) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error
      this.damage = error
    }
  }
}

/**
 * What a recording tells, as it comes in: every good event up to the first damage, then one `RecordingError`. No more
 * than one piece and some 256 KiB of payload are held. May be run again, if `bytes` may.
 */
export const recordingEvents = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  keys: KeyRing = new KeyRing(),
): Stream.Stream<RecordingEvent, E | RecordingError, R> =>
  Stream.fromPull(
    Effect.gen(function* () {
      const pull = yield* Stream.toPull(Stream.rechunk(bytes, 1))
      const source = new EventSource(keys)
      const next: Effect.Effect<Chunk.Chunk<RecordingEvent>, Option.Option<E | RecordingError>, R> = Effect.suspend(
        () => {
          const events = source.take()
          if (events.length > 0) return Effect.succeed(Chunk.unsafeFromArray(events))
          const stopped = source.stopped
          if (Option.isSome(stopped)) return Effect.fail(stopped.value)
          return Effect.zipRight(more, next)
        },
      )
      const more = pull.pipe(
        Effect.map((pieces) => source.push(Chunk.unsafeHead(pieces))),
        Effect.catchIf(Option.isNone, () => Effect.sync(() => source.end())),
      )
      return next
    }),
  )
