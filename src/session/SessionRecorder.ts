import type { Frame } from "../domain/Frame.ts"
import { FrameKind } from "../domain/Frame.ts"
import { encodeResize } from "../recording/index.ts"
import { type Action, kindOf, type Shown } from "./SessionPolicy.ts"

const text = new TextEncoder()
const nothing = new Uint8Array(0)

/** Makes frames of what a session shows and does: numbers them from 1, and gives each its time. */
export class SessionRecorder {
  #seq = 0
  #timeMs = 0
  readonly #elapsedMs: () => number

  /** `elapsedMs`: milliseconds since the session's start, by a clock that nobody sets. */
  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs
  }

  shown({ stream, bytes }: Shown): Frame {
    return this.#frame(stream === "stderr" ? FrameKind.Stderr : FrameKind.Output, bytes)
  }

  action(action: Action, masked: boolean): Frame {
    switch (action._tag) {
      case "Type":
        return masked
          ? { ...this.#frame(FrameKind.Input, nothing), masked, size: action.bytes.length }
          : this.#frame(FrameKind.Input, action.bytes)
      case "Resize":
        return this.#frame(kindOf(action), encodeResize(action.size))
      case "Signal":
        return this.#frame(kindOf(action), text.encode(action.name))
    }
  }

  #frame(kind: FrameKind, payload: Uint8Array): Frame {
    this.#seq += 1
    this.#timeMs = Math.max(this.#timeMs, Math.floor(this.#elapsedMs()))
    return { seq: this.#seq, timeMs: this.#timeMs, kind, payload, masked: false, size: payload.length }
  }
}
