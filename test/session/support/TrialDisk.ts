import { Option } from "effect"
import { SpoolFrames } from "../../../src/node/spool/internal/SpoolFrames.ts"
import { SpoolReader } from "../../../src/node/spool/internal/SpoolReader.ts"
import { truncatedEnd } from "../../../src/node/spool/lostFrames.ts"
import type { SpoolTail } from "../../../src/node/spool/SpoolState.ts"
import { splitEntries } from "../../../src/recording/Entry.ts"
import { encodeEndEntry, encodeHeaderEntry, MAGIC, type RecordingEnd } from "../../../src/recording/index.ts"
import { decodeFrame, type WireFrame } from "../../../src/recording/WireFrame.ts"
import type { AppendFile } from "../../../src/session/AppendFile.ts"
import type { RecordedFrame } from "../../../src/session/SessionRecorder.ts"
import { sessionInfo } from "../../support/recordings.ts"

/** What a machine's disk holds of a recording, and what becomes of it when the disk fails or the machine dies. */
export class TrialDisk {
  #bytes: Buffer
  #durable = 0
  #file: { end: number; readonly durable: { value: number } }
  readonly #frames: SpoolFrames
  /** What is noted beside it. */
  tail: SpoolTail | null = null
  failed = false
  ended = false

  constructor() {
    this.#bytes = Buffer.concat([MAGIC, encodeHeaderEntry({ info: sessionInfo, deflate: true })])
    this.#durable = this.#bytes.length
    this.#file = this.#open(this.#bytes.length)
    this.#frames = new SpoolFrames(this.#file as unknown as AppendFile, Option.none())
  }

  #open(position: number) {
    const file = {
      end: position,
      durable: { value: position },
      append: (entry: Uint8Array): void => {
        file.end += entry.length
        if (!this.failed) this.#bytes = Buffer.concat([this.#bytes, entry])
      },
    }
    return file
  }

  offer(recorded: RecordedFrame): void {
    this.#frames.offer(recorded)
  }

  /** Whatever was written is durable. */
  sync(): void {
    if (this.failed) return
    this.#durable = this.#bytes.length
    this.#file.durable.value = this.#durable
  }

  fail(): void {
    if (this.failed || this.ended) return
    this.failed = true
    this.#frames.fail("the disk is full")
    this.#bytes = this.#bytes.subarray(0, this.#frames.tail.position)
    this.tail = this.#frames.tail
  }

  /** It takes bytes again. */
  mend(): void {
    if (!this.failed || this.ended) return
    this.failed = false
    if (this.#frames.tail.lost.frames === 0) this.tail = null
    this.#file = this.#open(this.#bytes.length)
    this.#frames.resume(this.#file as unknown as AppendFile)
    this.sync()
    this.tail = null
  }

  /** The End: in the file, or else beside it. */
  end(end: RecordingEnd): void {
    const { gaps, count } = this.#frames
    const told = gaps === undefined ? end : truncatedEnd(end, gaps, count)
    this.ended = true
    if (!this.failed) {
      this.#bytes = Buffer.concat([this.#bytes, encodeEndEntry(told)])
      this.#durable = this.#bytes.length
    } else this.tail = { ...this.#frames.tail, end: Buffer.from(encodeEndEntry(told)).toString("base64") }
  }

  /** A power failure: `share` of what was not durable is lost, wherever in an entry that is. */
  lose(share: number): void {
    const unsure = this.#bytes.length - this.#durable
    this.#bytes = this.#bytes.subarray(0, this.#durable + Math.floor(unsure * (1 - share)))
  }

  /** What is brought to a hub that has `atHub` frames: those that it lacks, a frame for a gap too, and the End. */
  bring(atHub: number): { readonly frames: ReadonlyArray<WireFrame>; readonly end: RecordingEnd } {
    const reader = new SpoolReader(this.tail, "agent")
    reader.push(this.#bytes)
    const frames: Array<WireFrame> = []
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      if (next._tag === "Frame" && next.frame.seq > atHub)
        frames.push({ ...next.frame, payload: next.frame.payload.slice() })
    }
    const { gap, end } = reader.ending(atHub)
    if (gap === undefined) return { frames, end }
    const [entry] = splitEntries(gap)
    return { frames: [...frames, decodeFrame(entry?.body ?? gap, 0)], end }
  }
}
