import { isUtf8 } from "node:buffer"
import { type Frame, FrameKind } from "../domain/Frame.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import type { RecordingEnd } from "../recording/End.ts"
import { decodeGap, decodeResize } from "../recording/FramePayload.ts"

const kindNames = new Map<number, string>(Object.entries(FrameKind).map(([name, kind]) => [kind, name.toLowerCase()]))

/** What a frame holds, as JSON: text where it is UTF-8, else base64. */
const content = (frame: Frame): object => {
  if (frame.masked) return { masked: true }
  if (frame.kind === FrameKind.Resize) return decodeResize(frame.payload)
  if (frame.kind === FrameKind.Gap) return decodeGap(frame.payload)
  const bytes = Buffer.from(frame.payload)
  return isUtf8(bytes) ? { text: bytes.toString("utf8") } : { base64: bytes.toString("base64") }
}

/** Writes a session as one JSON object, `session`, `frames` and `end` (null where the recording has none), piece by piece. */
export class JsonTranscript {
  private first = true

  header(info: SessionInfo): string {
    const session = {
      session_id: info.sessionId,
      cluster: info.cluster,
      user: info.user,
      login: info.login,
      node: info.node,
      remote_address: info.remoteAddress,
      started_at: new Date(info.startedAtMs).toISOString(),
      terminal: info.terminal ?? null,
      command: info.command,
      mode: info.mode,
      mode_source: info.modeSource,
      program_version: info.programVersion,
      enhanced: info.enhanced,
    }
    return `{"session":${JSON.stringify(session)},\n"frames":[`
  }

  frame(frame: Frame): string {
    const separator = this.first ? "\n" : ",\n"
    this.first = false
    const { seq, timeMs, kind, size } = frame
    return separator + JSON.stringify({ seq, time_ms: timeMs, kind: kindNames.get(kind), size, ...content(frame) })
  }

  end(end: RecordingEnd | undefined): string {
    const told = end && {
      duration_ms: end.durationMs,
      exit_code: end.exit?._tag === "Code" ? end.exit.code : null,
      exit_signal: end.exit?._tag === "Signal" ? end.exit.signal : null,
      status: end.status,
      reason: end.reason,
    }
    return `\n],\n"end":${JSON.stringify(told ?? null)}}\n`
  }
}
