import type { CommandEvent } from "../domain/CommandEvent.ts"
import type { ConnectionEvent } from "../domain/ConnectionEvent.ts"
import { resultName } from "../domain/ErrorName.ts"
import type { FileEvent } from "../domain/FileEvent.ts"
import { type Frame, FrameKind } from "../domain/Frame.ts"
import { openFlagsText } from "../domain/OpenFlags.ts"
import { isRoutineFile } from "../domain/RoutineFile.ts"
import { addressText, protocolName } from "../domain/SocketAddress.ts"
import { CommandJoiner } from "../recording/CommandJoiner.ts"
import { decodeCommands } from "../recording/CommandPayload.ts"
import { decodeConnections } from "../recording/ConnectionPayload.ts"
import { decodeFiles } from "../recording/FilePayload.ts"

/** Which events a view shows: `notable` leaves out files that programs open of their own accord, and failed searches of PATH. */
export type ShownEvents = "none" | "notable" | "all"

/** Longer lines are cut; an export has all of it. */
const longest = 500

const ENOENT = 2

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8")

const commandLine = (event: CommandEvent): string => {
  switch (event._tag) {
    case "Started":
      return `${event.pid} runs ${text(event.program)}: ${text(event.arguments).replace(/\0$/, "").replaceAll("\0", " ")}`
    case "Ended":
      return `${event.pid} ends: ${event.exit._tag === "Code" ? `exit ${event.exit.code}` : `signal ${event.exit.signal}`}`
    case "Refused":
      return `${event.pid} cannot run ${text(event.file)}: ${resultName(event.error)}`
  }
}

const fileLine = ({ pid, name, path, flags, error, unseen }: FileEvent): string =>
  unseen
    ? `${pid} ${name} used io_uring: what for was not seen`
    : `${pid} ${name} opens ${text(path)} ${openFlagsText(flags)}${error === 0 ? "" : `: ${resultName(error)}`}`

const result = (error: number | null, unknown: string): string => (error === null ? unknown : resultName(error))

const connectionLine = (event: ConnectionEvent): string => {
  if (event._tag === "Outcome") {
    return `${event.pid} ${event.name} connection ${event.number}: ${result(event.error, "outcome unknown")}`
  }
  const address = addressText(event)
  const to = typeof address === "string" ? address : address.base64
  const where = protocolName(event) === "unix" ? to : `${to} port ${event.port}`
  return `${event.pid} ${event.name} ${event.way} ${protocolName(event)} ${where} (${event.number}): ${result(event.error, "pending")}`
}

/** Tells in lines what the frames of enhanced recording hold. */
export class EventLines {
  readonly #shown: ShownEvents
  readonly #joiner = new CommandJoiner()

  constructor(shown: ShownEvents) {
    this.#shown = shown
  }

  /** None for other frames. Throws `Corrupt` for a payload that cannot be read. */
  of(frame: Frame): ReadonlyArray<string> {
    if (this.#shown === "none") return []
    return this.#lines(frame).map((line) => line.slice(0, longest))
  }

  #lines({ kind, payload }: Frame): ReadonlyArray<string> {
    const all = this.#shown === "all"
    switch (kind) {
      case FrameKind.Exec:
        return decodeCommands(payload)
          .flatMap((part) => this.#joiner.add(part))
          .filter((event) => all || event._tag !== "Refused" || event.error !== ENOENT)
          .map(commandLine)
      case FrameKind.File:
        return decodeFiles(payload)
          .filter((event) => all || !isRoutineFile(event))
          .map(fileLine)
      case FrameKind.Network:
        return decodeConnections(payload).map(connectionLine)
      default:
        return []
    }
  }
}
