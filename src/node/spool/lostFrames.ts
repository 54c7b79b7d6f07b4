import { FrameKind } from "../../domain/Frame.ts"
import type { RecordingEnd } from "../../recording/End.ts"
import { encodeGap } from "../../recording/FramePayload.ts"
import { encodeFrameEntry } from "../../recording/WireFrame.ts"
import type { LostFrames } from "./SpoolState.ts"

const noDigest = new Uint8Array(0)

/** The entry of the frame that stands for lost ones. */
export const gapEntry = (lost: LostFrames, seq: number, timeMs: number): Uint8Array => {
  const payload = encodeGap({ reason: lost.reason, frames: lost.frames, bytes: lost.bytes, events: 0 })
  return encodeFrameEntry({
    seq,
    timeMs,
    kind: FrameKind.Gap,
    payload,
    compressed: false,
    masked: false,
    size: payload.length,
  })
}

/** The End of a recording of `frames` frames, of which one or more stand for lost ones. */
export const truncatedEnd = (end: RecordingEnd, lost: LostFrames, frames: number): RecordingEnd => {
  const how = lost.frames === 0 ? "frames are" : lost.frames === 1 ? "1 frame is" : `${lost.frames} frames are`
  const why = `${how} missing: ${lost.reason}`
  return {
    ...end,
    status: "truncated",
    reason: end.reason === "" ? why : `${end.reason}; ${why}`,
    frames,
    framesDigest: noDigest,
  }
}

/** Two losses as one. */
export const addLost = (one: LostFrames | undefined, other: LostFrames): LostFrames =>
  one === undefined || one.frames === 0
    ? other
    : { ...other, frames: one.frames + other.frames, bytes: one.bytes + other.bytes, time_ms: one.time_ms }
