import { type Effect, Schema } from "effect"
import type { RecordingEnd } from "../recording/End.ts"
import type { RecordedFrame } from "./SessionRecorder.ts"
import type { Watermark } from "./Watermark.ts"

/** The recording cannot go on; the message says why, for the user whose session ends with it. */
export class RecordingLost extends Schema.TaggedError<RecordingLost>()("RecordingLost", {
  message: Schema.String,
  /** The hub said no, and would say it again. */
  refused: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  cause: Schema.optional(Schema.Defect),
}) {}

/**
 * Takes a recording on this machine. `offer` is plain and synchronous, for it is the hot path; what bounds its memory is
 * that the session waits for `ready` after each batch.
 */
export interface LocalSink {
  /** Takes the next frame. */
  readonly offer: (recorded: RecordedFrame) => void
  /**
   * Asked before anything is shown or done that was offered. True: all that was survives the end of this process, or is
   * counted as lost. False: the sink has failed.
   */
  readonly keep: () => boolean
  /** Completes when there is room for more; at once, as a rule. */
  readonly ready: Effect.Effect<void>
  /** Never succeeds; fails once the sink can take no more. */
  readonly failure: Effect.Effect<never, RecordingLost>
  /** Writes what is left and the end, and makes it durable. */
  readonly finish: (end: RecordingEnd) => Effect.Effect<void, RecordingLost>
}

/** Takes a recording to the hub, live. What it holds is bounded by the session's window. */
export interface RemoteSink {
  /** Takes the next frame; it may wait a few milliseconds for company. */
  readonly offer: (recorded: RecordedFrame) => void
  /** The session waits for what was offered to be durable: nothing of it may wait for company any longer. */
  readonly hurry: () => void
  /**
   * The number of the last durable frame. Fails when the stream breaks, the hub refuses, or nothing is heard for too long.
   */
  readonly durable: Watermark<RecordingLost>
  /**
   * Sends the end; completes once the hub has the whole recording durably. Fails at once where the sink has
   * failed before, and when the hub confirms nothing for too long: nobody may interrupt it.
   */
  readonly finish: (end: RecordingEnd) => Effect.Effect<void, RecordingLost>
}
