import type { Effect, Stream } from "effect"
import type { FrameKind } from "../domain/Frame.ts"
import type { RecordingLost } from "./RecordingSink.ts"

/** Something that was seen of a session beside its terminal, or that something was not: what a frame of it holds. */
export interface Observed {
  readonly kind: typeof FrameKind.Exec | typeof FrameKind.File | typeof FrameKind.Network | typeof FrameKind.Gap
  /** At most 32 KiB less 64 bytes, so that two fit into the smallest window. */
  readonly payload: Uint8Array
}

/** A second source of frames, on the same time line as the terminal. */
export interface Observation {
  /**
   * What is seen from now on, by the session's own clock. Whoever does not pull it loses what is told as a gap, and slows
   * nothing down. Ends after `stop`; fails where the session must not go on without it.
   */
  readonly events: (elapsedMs: () => number) => Stream.Stream<Observed, RecordingLost>
  /** The program has ended: `events` gives what it did until then, and ends. */
  readonly stop: Effect.Effect<void>
}
