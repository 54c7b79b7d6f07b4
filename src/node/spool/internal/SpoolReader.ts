import { FrameKind } from "../../../domain/Frame.ts"
import { decodeEnd, type RecordingEnd } from "../../../recording/End.ts"
import { splitEntries } from "../../../recording/Entry.ts"
import { EntryReader, type RecordingEntry } from "../../../recording/EntryReader.ts"
import { decodeGap } from "../../../recording/FramePayload.ts"
import { RecordingError } from "../../../recording/RecordingError.ts"
import type { WireFrame } from "../../../recording/WireFrame.ts"
import type { NodeHost } from "../../NodeHost.ts"
import { addLost, gapEntry, truncatedEnd } from "../lostFrames.ts"
import type { LostFrames, SpoolTail } from "../SpoolState.ts"

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
  #gaps: LostFrames | undefined
  #over = false

  /** `tail`: what was noted when the file failed; `host`: who wrote it. */
  constructor(tail: SpoolTail | null, host: NodeHost["Type"]) {
    this.#host = host
    this.#tail = tail
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
    if (next._tag === "Frame" && next.frame.kind === FrameKind.Gap) this.#countGap(next.frame)
    return next
  }

  /** Of what a gap stands for, frames are the spool's; it may also be of events that the kernel lost. */
  #countGap({ payload, timeMs }: WireFrame): void {
    const { reason, frames, bytes, events } = decodeGap(payload)
    if (events === 0) this.#gaps = addLost(this.#gaps, { reason, frames, bytes, time_ms: timeMs })
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
    if (tail === null) {
      const end = this.#killed(Math.max(seq, atHub))
      return { gap: undefined, end: this.#gaps === undefined ? end : truncatedEnd(end, this.#gaps, end.frames) }
    }
    const frames = Math.max(tail.frames, atHub)
    const missing = tail.frames + tail.lost.frames - frames
    const told = tail.end === null ? { ...this.#killed(frames), framesDigest: noDigest } : keptEnd(tail.end)
    // An agent that was killed before it could write again leaves nobody who knows how much more there was.
    const unknown = tail.end === null && frames === tail.frames
    if (missing <= 0 && !unknown) return { gap: undefined, end: { ...told, frames } }
    const lost = {
      ...tail.lost,
      frames: Math.max(0, missing),
      bytes: missing === tail.lost.frames ? tail.lost.bytes : 0,
    }
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
