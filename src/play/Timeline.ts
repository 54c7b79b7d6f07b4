import type { Frame } from "../domain/Frame.ts"

/** Which part of a recording is played, and with how much waiting; times are milliseconds since the session's start. */
export interface TimelineOptions {
  /** What was shown before is drawn at once. */
  readonly fromMs: number
  /** Infinity for the whole. */
  readonly toMs: number
  /** A pause longer than this is played as one of this length; Infinity keeps them all. */
  readonly longestIdleMs: number
}

/** How far a recording was laid out. */
export interface Timeline {
  /** Of the last frame, in the recording. */
  readonly recordedMs: number
  /** When the last frame is due, in milliseconds of playing at speed 1. */
  readonly dueMs: number
}

/** What is to be done with a frame: draw it, `dueMs` after the beginning at speed 1; or stop, for all is shown. */
export type Cue = { readonly _tag: "Draw"; readonly dueMs: number } | { readonly _tag: "Stop" }

/** Before the first frame. */
export const startOfTimeline = (options: TimelineOptions): Timeline => ({ recordedMs: options.fromMs, dueMs: 0 })

/**
 * Lays out the next frame. `dueMs` never decreases, and grows by no more than `longestIdleMs` from one frame to the next; what
 * comes before `fromMs` is due at once; the first frame after `toMs` stops.
 */
export const cue = (timeline: Timeline, frame: Pick<Frame, "timeMs">, options: TimelineOptions): [Timeline, Cue] => {
  if (frame.timeMs > options.toMs) return [timeline, { _tag: "Stop" }]
  const waitMs = Math.min(Math.max(0, frame.timeMs - timeline.recordedMs), options.longestIdleMs)
  const next = { recordedMs: Math.max(timeline.recordedMs, frame.timeMs), dueMs: timeline.dueMs + waitMs }
  return [next, { _tag: "Draw", dueMs: next.dueMs }]
}
