import { isUtf8 } from "node:buffer"
import { type Frame, FrameKind } from "../domain/Frame.ts"
import { jsonText } from "../domain/jsonText.ts"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { CommandJoiner } from "../recording/CommandJoiner.ts"
import { decodeCommands } from "../recording/CommandPayload.ts"
import { decodeConnections } from "../recording/ConnectionPayload.ts"
import type { RecordingEnd } from "../recording/End.ts"
import { decodeFiles } from "../recording/FilePayload.ts"
import { decodeGap, decodeResize } from "../recording/FramePayload.ts"
import { commandRecord, connectionRecord, fileRecord } from "./EventRecords.ts"

const kindNames = new Map<number, string>(Object.entries(FrameKind).map(([name, kind]) => [kind, name.toLowerCase()]))

/** Events of enhanced recording; a command whose arguments go on in the next frames is told with the last of these. */
const eventsOf = (frame: Frame, joiner: CommandJoiner): ReadonlyArray<object> | undefined => {
  switch (frame.kind) {
    case FrameKind.Exec:
      return decodeCommands(frame.payload)
        .flatMap((part) => joiner.add(part))
        .map(commandRecord)
    case FrameKind.File:
      return decodeFiles(frame.payload).map(fileRecord)
    case FrameKind.Network:
      return decodeConnections(frame.payload).map(connectionRecord)
    default:
      return undefined
  }
}

/** What a frame holds, as JSON: text where it is UTF-8, else base64. */
const content = (frame: Frame, joiner: CommandJoiner): object => {
  if (frame.masked) return { masked: true }
  const events = eventsOf(frame, joiner)
  if (events !== undefined) return { events }
  if (frame.kind === FrameKind.Resize) return decodeResize(frame.payload)
  if (frame.kind === FrameKind.Gap) return decodeGap(frame.payload)
  const bytes = Buffer.from(frame.payload)
  return isUtf8(bytes) ? { text: bytes.toString("utf8") } : { base64: bytes.toString("base64") }
}

/**
 * Writes a session as one JSON object, `session`, `frames` and `end` (null where the recording has none), piece by piece;
 * and `incomplete`, where the recording ends before a command's arguments do.
 */
export class JsonTranscript {
  private first = true
  private readonly joiner = new CommandJoiner()

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
    return `{"session":${jsonText(session)},\n"frames":[`
  }

  frame(frame: Frame): string {
    const separator = this.first ? "\n" : ",\n"
    this.first = false
    const { seq, timeMs, kind, size } = frame
    return (
      separator + jsonText({ seq, time_ms: timeMs, kind: kindNames.get(kind), size, ...content(frame, this.joiner) })
    )
  }

  end(end: RecordingEnd | undefined): string {
    const told = end && {
      duration_ms: end.durationMs,
      exit_code: end.exit?._tag === "Code" ? end.exit.code : null,
      exit_signal: end.exit?._tag === "Signal" ? end.exit.signal : null,
      status: end.status,
      reason: end.reason,
    }
    const rest = this.joiner.end().map(commandRecord)
    const incomplete = rest.length === 0 ? "" : `"incomplete":${jsonText(rest)},\n`
    return `\n],\n${incomplete}"end":${jsonText(told ?? null)}}\n`
  }
}
