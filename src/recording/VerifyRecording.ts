import { Effect, Stream } from "effect"
import { RecordingVerifier, type Verification } from "./RecordingVerifier.ts"
import type { VerifyingKey } from "./VerifyingKey.ts"

/** Verifies a recording read from a stream; fails only as the stream does. See `RecordingVerifier`. */
export const verifyRecording = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  publicKeys: ReadonlyArray<VerifyingKey>,
): Effect.Effect<Verification, E, R> =>
  Effect.suspend(() => {
    const verifier = new RecordingVerifier(publicKeys)
    return Effect.map(
      Stream.runForEach(bytes, (piece) => Effect.sync(() => verifier.push(piece))),
      () => verifier.end(),
    )
  })
