import { FrameKind } from "../../../domain/Frame.ts"
import { decodeEnd, type RecordingEnd } from "../../../recording/End.ts"
import { splitEntries } from "../../../recording/Entry.ts"
import { EntryReader, type RecordingEntry } from "../../../recording/EntryReader.ts"
import { RecordingError } from "../../../recording/RecordingError.ts"
import type { NodeHost } from "../../NodeHost.ts"
import { gapEntry, truncatedEnd } from "../lostFrames.ts"
import type { SpoolTail } from "../SpoolState.ts"

const noDigest = new Uint8Array(0)

/** How a recording ends behind what its file, and the hub, have of it. */
export interface SpoolEnding {
  /** The entry of a frame that stands for lost ones. */
  readonly gap: Uint8Array | undefined
  readonly end: RecordingEnd
}

const keptEnd = (base64: string): RecordingEnd => {
  const [entry] = splitEntries(Buffer.from(base64, "base64"))
  if (entry?.kind !== "end") throw RecordingError.at(0, "Corrupt", "what was noted of its end is no End")
  return decodeEnd(entry.body, entry.offset)
}

/** Reads a spooled recording, in any pieces, as far as its file holds; throws `RecordingError` where it is damaged. */
export class SpoolReader {
  readonly #entries = new EntryReader({ framesDigest: true })
  readonly #host: NodeHost["Type"]
  #tail: SpoolTail | null
  #end: RecordingEnd | undefined
  #over = false

  /** `tail`: what was noted when the file failed; `host`: who wrote it. */
  constructor(tail: SpoolTail | null, host: NodeHost["Type"]) {
    this.#host = host
    this.#tail = tail !== null && tail.end === null && tail.lost.frames === 0 ? null : tail
  }

  push(piece: Uint8Array): void {
    if (!this.#over) this.#entries.push(piece)
  }

  next(): RecordingEntry | undefined {
    if (this.#over) return undefined
    const next = this.#read()
    if (next !== undefined && this.#isBehind(next)) this.#over = true
    if (this.#over || next === undefined) return undefined
    if (next._tag === "End") this.#end = next.end
    return next
  }

  #read(): RecordingEntry | undefined {
    try {
      return this.#entries.next()
    } catch (error) {
      if (this.#tail === null || !(error instanceof RecordingError) || error.offset < this.#tail.position) throw error
      this.#over = true
      return undefined
    }
  }

  /** Whether the file does not hold any more where this stands; a gap frame there says that it was gone on with. */
  #isBehind({ _tag, ...next }: RecordingEntry): boolean {
    if (this.#tail === null || next.entry.offset < this.#tail.position) return false
    const gone = "frame" in next && next.frame.kind === FrameKind.Gap && next.entry.offset === this.#tail.position
    if (gone) this.#tail = null
    return !gone
  }

  /**
   * How it ends, where the hub has `atHub` frames: which may be more than the file, for what was sent live is not always
   * written before.
   */
  ending(atHub: number): SpoolEnding {
    if (this.#end !== undefined) return { gap: undefined, end: this.#end }
    const { seq, timeMs } = this.#entries.progress
    const tail = this.#tail
    if (tail === null) return { gap: undefined, end: this.#killed(Math.max(seq, atHub)) }
    const frames = Math.max(tail.frames, atHub)
    const told = tail.end === null ? this.#killed(frames) : keptEnd(tail.end)
    const missing = tail.frames + tail.lost.frames - frames
    if (missing <= 0) return { gap: undefined, end: { ...told, frames } }
    const lost = { ...tail.lost, frames: missing, bytes: missing === tail.lost.frames ? tail.lost.bytes : 0 }
    const gap = gapEntry(lost, frames + 1, Math.max(timeMs, lost.time_ms))
    return { gap, end: truncatedEnd(told, lost, frames + 1) }
  }

  /** The End that who was killed could not write. */
  #killed(frames: number): RecordingEnd {
    const { seq, timeMs, outputBytes, inputBytes, framesHash } = this.#entries.progress
    return {
      durationMs: timeMs,
      status: "interrupted",
      reason: `the ${this.#host} was killed`,
      frames,
      outputBytes,
      inputBytes,
      framesDigest: (frames > seq ? undefined : framesHash?.copy().digest()) ?? noDigest,
      seekPoints: [],
      keyframes: [],
    }
  }
}
