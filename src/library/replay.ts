import { createReadStream } from "node:fs"
import type { Writable } from "node:stream"
import { Effect, Stream } from "effect"
import { KeyBuffer } from "../play/KeyBuffer.ts"
import { OutputLost } from "../play/OutputLost.ts"
import { play } from "../play/Player.ts"
import type { TimelineOptions } from "../play/Timeline.ts"
import type { KeyRing } from "../recording/KeyRing.ts"
import type { RecordingError } from "../recording/RecordingError.ts"
import { readFrames } from "../recording/RecordingStream.ts"
import { RecordingUnreadable } from "./RecordingUnreadable.ts"

/** What to replay, and how. */
export interface ReplayOptions extends Partial<TimelineOptions> {
  readonly file: string
  /** 1, as fast as it happened, unless told. */
  readonly speed?: number
  /** This process's standard output unless told. */
  readonly output?: Writable
  /** Decrypts an encrypted recording. */
  readonly keys?: KeyRing
}

const fileBytes = (file: string): Stream.Stream<Uint8Array, RecordingUnreadable> =>
  Stream.fromAsyncIterable<Uint8Array, RecordingUnreadable>(
    { [Symbol.asyncIterator]: () => createReadStream(file)[Symbol.asyncIterator]() },
    (error) => new RecordingUnreadable({ message: error instanceof Error ? error.message : String(error) }),
  )

const writing =
  (output: Writable) =>
  (bytes: Uint8Array | string): Effect.Effect<void, OutputLost> =>
    Effect.async((resume) => {
      output.write(bytes, (error) =>
        resume(error ? Effect.fail(new OutputLost({ message: error.message, closed: false })) : Effect.void),
      )
    })

/**
 * Shows a recording as it happened, its bytes as they were. A damaged one is shown up to the damage, and then fails with a
 * `RecordingError` that says where it is.
 */
export const replay = (
  options: ReplayOptions,
): Effect.Effect<void, RecordingUnreadable | RecordingError | OutputLost> => {
  const write = writing(options.output ?? process.stdout)
  return play({
    frames: readFrames(fileBytes(options.file), options.keys === undefined ? {} : { keys: options.keys }),
    speed: options.speed ?? 1,
    fromMs: options.fromMs ?? 0,
    toMs: options.toMs ?? Number.POSITIVE_INFINITY,
    longestIdleMs: options.longestIdleMs ?? Number.POSITIVE_INFINITY,
    screen: {
      output: write,
      stderr: write,
      notice: (text) => write(`[${text}]`),
      event: (line) => write(`> ${line}\n`),
      clear: Effect.void,
    },
    keys: new KeyBuffer(),
    events: "none",
  }).pipe(Effect.asVoid)
}
