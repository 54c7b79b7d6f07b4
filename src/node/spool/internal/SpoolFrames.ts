import { Option } from "effect"
import type { AgreedCipher } from "../../../recording/AgreedCipher.ts"
import type { WireFrame } from "../../../recording/WireFrame.ts"
import { encodeFrameEntry } from "../../../recording/WireFrame.ts"
import type { AppendFile } from "../../../session/AppendFile.ts"
import type { RecordedFrame } from "../../../session/SessionRecorder.ts"
import { addLost, gapEntry } from "../lostFrames.ts"
import type { LostFrames, SpoolTail } from "../SpoolState.ts"

/** When this much of the file is durable, so are these frames of it; until then `lost` is what goes with the last of them. */
interface Mark {
  readonly position: number
  readonly frames: number
  readonly lost: LostFrames
}

/** Marks that may gather before it is looked up which are durable. */
const manyMarks = 512

const lossOf = ({ size, timeMs }: WireFrame): LostFrames => ({ reason: "", frames: 1, bytes: size, time_ms: timeMs })

/** The frames of a spool's file: which of them are lost when it fails, and what numbers those have that come after. */
export class SpoolFrames {
  readonly #cipher: AgreedCipher | undefined
  #file: AppendFile
  #count = 0
  #solid: { readonly position: number; readonly frames: number }
  #marks: Array<Mark> = []
  #lost: LostFrames | undefined
  #gaps: LostFrames | undefined

  /** `file` holds the header, durably; frames are encrypted with `cipher`, if any. */
  constructor(file: AppendFile, cipher: Option.Option<AgreedCipher>) {
    this.#file = file
    this.#cipher = Option.getOrUndefined(cipher)
    this.#solid = { position: file.end, frames: 0 }
  }

  get file(): AppendFile {
    return this.#file
  }

  /** Frames that were appended, those that stand for lost ones included. */
  get count(): number {
    return this.#count
  }

  /** Whether the file has failed, and nothing is appended to it. */
  get broken(): boolean {
    return this.#lost !== undefined
  }

  /** All that is stood for by `gap` frames in the file. */
  get gaps(): LostFrames | undefined {
    return this.#gaps
  }

  /** Appends a frame, under the file's own next number; counts it while the file is broken. */
  offer(recorded: RecordedFrame): void {
    const { frame } = recorded
    if (this.#lost !== undefined) {
      this.#lost = { ...addLost(this.#lost, lossOf(frame)), reason: this.#lost.reason }
      return
    }
    this.#append(this.#entryOf(recorded, this.#count + 1), lossOf(frame))
  }

  #entryOf({ frame, entry }: RecordedFrame, seq: number): Uint8Array {
    if (this.#cipher !== undefined) return encodeFrameEntry(this.#cipher.encrypt({ ...frame, seq }))
    return frame.seq === seq ? entry : encodeFrameEntry({ ...frame, seq })
  }

  /** The file has failed, and what is not durable in it is lost. */
  fail(reason: string): void {
    this.#settle()
    this.#lost ??= this.#marks.reduce<LostFrames | undefined>((all, { lost }) => addLost(all, lost), undefined) ?? {
      reason,
      frames: 0,
      bytes: 0,
      time_ms: 0,
    }
    this.#lost = { ...this.#lost, reason }
    this.#marks = []
    this.#count = this.#solid.frames
  }

  /** What holds of the file, and how much is lost behind it; the End is for the caller to add. */
  get tail(): SpoolTail {
    this.#settle()
    const lost = this.#lost ?? { reason: "", frames: 0, bytes: 0, time_ms: 0 }
    return { ...this.#solid, lost, end: null }
  }

  /** Goes on in the same file, opened anew at `tail.position`, after a `gap` frame for what was lost. */
  resume(file: AppendFile): void {
    const lost = this.#lost
    this.#file = file
    this.#lost = undefined
    if (lost === undefined || lost.frames === 0) return
    this.#gaps = addLost(this.#gaps, lost)
    this.#append(gapEntry(lost, this.#count + 1, lost.time_ms), lost)
  }

  #append(entry: Uint8Array, lost: LostFrames): void {
    this.#file.append(entry)
    this.#count += 1
    this.#marks.push({ position: this.#file.end, frames: this.#count, lost })
    if (this.#marks.length >= manyMarks) this.#settle()
  }

  #settle(): void {
    const durable = this.#file.durable.value
    const behind = this.#marks.findIndex(({ position }) => position > durable)
    const last = this.#marks.splice(0, behind === -1 ? this.#marks.length : behind).at(-1)
    if (last !== undefined) this.#solid = { position: last.position, frames: last.frames }
  }
}
