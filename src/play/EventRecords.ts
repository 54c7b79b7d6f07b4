import type { CommandEvent } from "../domain/CommandEvent.ts"
import type { ConnectionEvent } from "../domain/ConnectionEvent.ts"
import { outcomeName, resultName } from "../domain/ErrorName.ts"
import type { FileEvent } from "../domain/FileEvent.ts"
import { openFlagsText } from "../domain/OpenFlags.ts"
import { rawArguments, rawText } from "../domain/RawText.ts"
import { addressText, protocolName } from "../domain/SocketAddress.ts"

/** Milliseconds since the session's start, to the microsecond. */
const timeMs = (timeUs: number): number => timeUs / 1000

/** A command's event as JSON. Text where bytes are UTF-8, else base64. */
export const commandRecord = (event: CommandEvent): object => {
  const seen = { time_ms: timeMs(event.timeUs), pid: event.pid }
  switch (event._tag) {
    case "Started":
      return {
        event: "started",
        ...seen,
        parent_pid: event.parentPid,
        uid: event.uid,
        effective_uid: event.effectiveUid,
        program: rawText(event.program),
        file: rawText(event.file),
        directory: rawText(event.directory),
        argv: rawArguments(event.arguments),
        argv_bytes: event.argumentsBytes,
        argv_truncated: event.arguments.length < event.argumentsBytes,
        cut: event.cut,
      }
    case "Ended":
      return {
        event: "ended",
        ...seen,
        exit_code: event.exit._tag === "Code" ? event.exit.code : null,
        exit_signal: event.exit._tag === "Signal" ? event.exit.signal : null,
      }
    case "Refused":
      return {
        event: "refused",
        ...seen,
        file: rawText(event.file),
        directory: rawText(event.directory),
        result: resultName(event.error),
      }
  }
}

/** An opened file as JSON. */
export const fileRecord = ({ timeUs, pid, name, path, flags, error, cut, unseen }: FileEvent): object => ({
  event: unseen ? "unseen" : "opened",
  time_ms: timeMs(timeUs),
  pid,
  name,
  path: rawText(path),
  flags: openFlagsText(flags),
  result: resultName(error),
  cut,
})

/** A connection's event as JSON. */
export const connectionRecord = (event: ConnectionEvent): object => {
  const seen = { time_ms: timeMs(event.timeUs), pid: event.pid, name: event.name, connection: event.number }
  return event._tag === "Outcome"
    ? { event: "outcome", ...seen, result: outcomeName(event.error, "unknown"), local_port: event.localPort }
    : {
        event: "asked",
        ...seen,
        way: event.way,
        protocol: protocolName(event),
        address: addressText(event),
        port: event.port,
        result: outcomeName(event.error, "pending"),
      }
}
