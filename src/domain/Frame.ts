/** What a frame holds; the numbers are those of `mezite.recording.v1.Kind`. */
export const FrameKind = {
  Output: 1,
  Input: 2,
  Stderr: 3,
  Resize: 4,
  Marker: 5,
  Signal: 6,
  Exec: 7,
  File: 8,
  Network: 9,
  Gap: 10,
} as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** One moment of a session, with its payload in clear and uncompressed. */
export interface Frame {
  /** From 1, without holes. */
  readonly seq: number
  /** Milliseconds since the session's start; never decreases. */
  readonly timeMs: number
  readonly kind: FrameKind
  /** Empty where `masked`. */
  readonly payload: Uint8Array
  /** What was typed was withheld: only that it was typed, and how much, is known. */
  readonly masked: boolean
  /** Bytes in clear: the payload's length or, where `masked`, how many were withheld. */
  readonly size: number
}
