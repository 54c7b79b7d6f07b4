import { type Effect, Schema, type Stream } from "effect"
import type { SessionEnd } from "../domain/SessionEnd.ts"

/** The recording cannot go on; the message says why, for the user whose session ends with it. */
export class RecordingLost extends Schema.TaggedError<RecordingLost>()("RecordingLost", {
  message: Schema.String,
  cause: Schema.optional(Schema.Defect),
}) {}

/**
 * Takes a recording on this machine. `offer` is plain and synchronous, for it is the hot path; what bounds its memory is
 * that the session waits for `ready` after each batch.
 */
export interface LocalSink {
  /** Takes a frame's entry bytes, in order of their sequence. */
  readonly offer: (entry: Uint8Array) => void
  /** Completes when there is room for more; at once, as a rule. */
  readonly ready: Effect.Effect<void>
  /** Never succeeds; fails once the sink can take no more. */
  readonly failure: Effect.Effect<never, RecordingLost>
  /** Writes what is left and the end, and makes it durable. */
  readonly finish: (end: SessionEnd) => Effect.Effect<void, RecordingLost>
}

/** Takes a recording to the hub, live. What it holds is bounded by the session's window. */
export interface RemoteSink {
  /** Takes a frame's entry bytes, in order of their sequence. */
  readonly offer: (entry: Uint8Array) => void
  /**
   * The number of the last durable frame, each time that it grows. Fails when the stream breaks, the hub refuses, or
   * nothing is heard for too long.
   */
  readonly durable: Stream.Stream<number, RecordingLost>
  /** Sends the end; completes once the hub says that the stored recording is complete. */
  readonly finish: (end: SessionEnd) => Effect.Effect<void, RecordingLost>
}
