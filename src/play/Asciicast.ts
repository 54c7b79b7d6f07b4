import { StringDecoder } from "node:string_decoder"
import { type Frame, FrameKind } from "../domain/Frame.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { decodeResize } from "../recording/FramePayload.ts"

/** `cast2` has times since the start, `cast3` since the event before. */
export type AsciicastVersion = 2 | 3

const usualTerminal = { cols: 80, rows: 24, term: "xterm-256color" }

/**
 * Writes a session as asciicast v2 or v3 (application/x-asciicast), line by line. Characters cut between frames are put together
 * again, for each direction apart; input that was masked is left out.
 */
export class Asciicast {
  private readonly version: AsciicastVersion
  private readonly decoders = { o: new StringDecoder("utf8"), i: new StringDecoder("utf8") }
  private stderr = new StringDecoder("utf8")
  private lastMs = 0

  constructor(version: AsciicastVersion) {
    this.version = version
  }

  /** The first line. */
  header(info: SessionInfo): string {
    const { cols, rows, term } = info.terminal ?? usualTerminal
    const about = {
      timestamp: Math.floor(info.startedAtMs / 1000),
      title: `${info.login}@${info.node} (${info.user}, session ${info.sessionId})`,
      ...(info.command === "" ? {} : { command: info.command }),
    }
    return this.version === 2
      ? line({ version: 2, width: cols, height: rows, ...about, env: { TERM: term } })
      : line({ version: 3, term: { cols, rows, type: term }, ...about })
  }

  /** The line for a frame, or nothing for what asciicast does not know. */
  frame(frame: Frame): string {
    switch (frame.kind) {
      case FrameKind.Output:
        return this.text(frame, "o", this.decoders.o)
      case FrameKind.Stderr:
        return this.text(frame, "o", this.stderr)
      case FrameKind.Input:
        return frame.masked ? "" : this.text(frame, "i", this.decoders.i)
      case FrameKind.Resize: {
        const { cols, rows } = decodeResize(frame.payload)
        return this.event(frame.timeMs, "r", `${cols}x${rows}`)
      }
      case FrameKind.Marker:
        return this.event(frame.timeMs, "m", Buffer.from(frame.payload).toString("utf8"))
      default:
        return ""
    }
  }

  /** The last lines: what remains of characters that were never completed, and in v3 the exit code. */
  end(exitCode: number | undefined): string {
    const rest = this.decoders.o.end() + this.stderr.end()
    const text = rest === "" ? "" : this.event(this.lastMs, "o", rest)
    return this.version === 3 && exitCode !== undefined ? text + this.event(this.lastMs, "x", String(exitCode)) : text
  }

  private text(frame: Frame, code: string, decoder: StringDecoder): string {
    const text = decoder.write(Buffer.from(frame.payload))
    return text === "" ? "" : this.event(frame.timeMs, code, text)
  }

  private event(timeMs: number, code: string, data: string): string {
    const sinceMs = this.version === 2 ? timeMs : timeMs - this.lastMs
    this.lastMs = timeMs
    return line([sinceMs / 1000, code, data])
  }
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`
