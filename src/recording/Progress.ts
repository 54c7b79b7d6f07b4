import { createHash, type Hash } from "node:crypto"
import { FrameKind } from "../domain/Frame.ts"
import { RecordingError } from "./RecordingError.ts"
import { SeekTable } from "./SeekTable.ts"
import type { WireFrame } from "./WireFrame.ts"

/** How far a recording is proven: the end of a seal's entry, and the last frame before it. */
export interface SealedPoint {
  readonly offset: number
  readonly seq: number
  readonly timeMs: number
}

/** How far reading or writing one recording has come: what its next entry must fit, and what its End will say. */
export class Progress {
  offset = 0
  seq = 0
  timeMs = 0
  outputBytes = 0
  inputBytes = 0
  sealed: SealedPoint | undefined
  readonly seekTable = new SeekTable()
  /** Over every byte so far; absent where reading began in the middle. */
  readonly hash: Hash | undefined
  /** Over the frames' entries as their recorder sent them; absent where that is not known. */
  framesHash: Hash | undefined

  private constructor(hash: Hash | undefined) {
    this.hash = hash
  }

  /** At the beginning of a file. */
  static atStart(): Progress {
    return new Progress(createHash("sha256"))
  }

  /** In the middle, where the next frame has this number. */
  static at(point: SealedPoint): Progress {
    const progress = new Progress(undefined)
    progress.offset = point.offset
    progress.seq = point.seq - 1
    progress.timeMs = point.timeMs
    return progress
  }

  startFramesHash(): void {
    this.framesHash = createHash("sha256")
  }

  addBytes(bytes: Uint8Array): void {
    this.hash?.update(bytes)
    this.offset += bytes.length
  }

  /** Throws `Corrupt` where the frame is not the next one. */
  checkNext(frame: WireFrame): void {
    if (frame.seq !== this.seq + 1) {
      throw RecordingError.at(this.offset, "Corrupt", `frame ${frame.seq} follows frame ${this.seq}`)
    }
    if (frame.timeMs < this.timeMs) {
      throw RecordingError.at(this.offset, "Corrupt", `frame ${frame.seq} is earlier than the one before it`)
    }
  }

  /** Counts a frame that was checked; to be called before its bytes are added. */
  addFrame(frame: WireFrame): void {
    this.seq = frame.seq
    this.timeMs = frame.timeMs
    if (frame.kind === FrameKind.Output || frame.kind === FrameKind.Stderr) this.outputBytes += frame.size
    else if (frame.kind === FrameKind.Input) this.inputBytes += frame.size
    this.seekTable.add({ timeMs: frame.timeMs, offset: this.offset, seq: frame.seq })
  }

  /** Notes that a seal ends at the offset reached. */
  addSeal(): void {
    this.sealed = { offset: this.offset, seq: this.seq, timeMs: this.timeMs }
  }
}
