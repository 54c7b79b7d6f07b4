import { createHash } from "node:crypto"
import { FrameKind } from "../domain/Frame.ts"
import type { SessionEnd } from "../domain/SessionEnd.ts"
import type { RecordingEnd } from "../recording/End.ts"
import { encodeResize } from "../recording/FramePayload.ts"
import { encodeFrameEntry, type WireFrame } from "../recording/WireFrame.ts"
import { kindOf, type RecordedAction } from "./Action.ts"
import { FrameCompressor } from "./FrameCompressor.ts"
import type { Observed } from "./Observation.ts"
import type { Shown } from "./SessionPolicy.ts"

const text = new TextEncoder()
const nothing = new Uint8Array(0)

/** A frame, and the entry that holds it. */
export interface RecordedFrame {
  readonly frame: WireFrame
  readonly entry: Uint8Array
}

/** Makes frames of what a session shows and does: numbers them from 1, and gives each its time. */
export class SessionRecorder {
  #seq = 0
  #timeMs = 0
  #outputBytes = 0
  #inputBytes = 0
  readonly #digest = createHash("sha256")
  readonly #compressor = new FrameCompressor()
  readonly #elapsedMs: () => number

  /** `elapsedMs`: milliseconds since the session's start, by a clock that nobody sets. */
  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs
  }

  shown({ stream, bytes }: Shown): RecordedFrame {
    this.#outputBytes += bytes.length
    return this.#record(stream === "stderr" ? FrameKind.Stderr : FrameKind.Output, bytes)
  }

  action(action: RecordedAction, masked: boolean): RecordedFrame {
    switch (action._tag) {
      case "Type":
        this.#inputBytes += action.bytes.length
        return masked
          ? this.#record(FrameKind.Input, nothing, action.bytes.length)
          : this.#record(FrameKind.Input, action.bytes)
      case "Resize":
        return this.#record(kindOf(action), encodeResize(action.size))
      case "Signal":
        return this.#record(kindOf(action), text.encode(action.name))
    }
  }

  observed({ kind, payload }: Observed): RecordedFrame {
    return this.#record(kind, payload)
  }

  /** What the recording ends with. To be called once, after the last frame. */
  end(end: SessionEnd): RecordingEnd {
    return {
      ...end,
      frames: this.#seq,
      outputBytes: this.#outputBytes,
      inputBytes: this.#inputBytes,
      framesDigest: this.#digest.digest(),
      seekPoints: [],
      keyframes: [],
    }
  }

  #record(kind: FrameKind, payload: Uint8Array, maskedBytes?: number): RecordedFrame {
    this.#seq += 1
    this.#timeMs = Math.max(this.#timeMs, Math.floor(this.#elapsedMs()))
    const frame = this.#compressor.compress({
      seq: this.#seq,
      timeMs: this.#timeMs,
      kind,
      payload,
      compressed: false,
      masked: maskedBytes !== undefined,
      size: maskedBytes ?? payload.length,
    })
    const entry = encodeFrameEntry(frame)
    this.#digest.update(entry)
    return { frame, entry }
  }
}
