import { Effect, Stream } from "effect"
import { RecordingScanner, type ScannedRecording } from "./RecordingScanner.ts"
import type { VerifyingKey } from "./VerifyingKey.ts"

/** Finds out how far a file is good, read from a stream; fails only as the stream does. See `RecordingScanner`. */
export const scanRecording = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: { readonly publicKeys?: ReadonlyArray<VerifyingKey> } = {},
): Effect.Effect<ScannedRecording, E, R> =>
  Effect.suspend(() => {
    const scanner = new RecordingScanner(options)
    return Effect.map(
      Stream.runForEach(bytes, (piece) => Effect.sync(() => scanner.push(piece))),
      () => scanner.end(),
    )
  })
