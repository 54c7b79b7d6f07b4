import { compressFrame } from "../recording/Compression.ts"
import type { WireFrame } from "../recording/WireFrame.ts"

/** Frames large enough to tell something about those that follow. */
const tellingBytes = 1024
/** Frames that are let through unpacked, at the most, before it is tried again. */
const longestPause = 64

/**
 * Compresses frames where it pays. Output that did not shrink (an archive, an image) is mostly followed by more of it, and
 * DEFLATE costs several times as much on such bytes: after each failure twice as many frames go by before the next try.
 */
export class FrameCompressor {
  #pause = 0
  #left = 0

  compress(frame: WireFrame): WireFrame {
    if (this.#left > 0) {
      this.#left -= 1
      return frame
    }
    const packed = compressFrame(frame)
    if (frame.payload.length < tellingBytes) return packed
    const paid = packed.payload.length < frame.payload.length * 0.9
    this.#pause = paid ? 0 : Math.min(longestPause, Math.max(1, this.#pause * 2))
    this.#left = this.#pause
    return packed
  }
}
