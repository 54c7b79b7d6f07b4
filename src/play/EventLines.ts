import { constants } from "node:os"
import type { CommandEvent } from "../domain/CommandEvent.ts"
import type { ConnectionEvent } from "../domain/ConnectionEvent.ts"
import { outcomeName, resultName } from "../domain/ErrorName.ts"
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

/** So much later a frame may stand in a recording whose events belong before, or between, those of another. */
const closeMs = 50

const eventKinds: ReadonlySet<number> = new Set([FrameKind.Exec, FrameKind.File, FrameKind.Network])

/** Whether a frame is of enhanced recording. */
export const holdsEvents = ({ kind }: Frame): boolean => eventKinds.has(kind)

/** Of an event. */
interface Line {
  readonly timeUs: number
  readonly text: string
}

const { ENOENT } = constants.errno

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

const fileLine = ({ pid, name, path, flags, error, cut, unseen }: FileEvent): string =>
  unseen
    ? `${pid} ${name} used io_uring: what for was not seen`
    : `${pid} ${name} opens ${cut ? "…" : ""}${text(path)} ${openFlagsText(flags)}${error === 0 ? "" : `: ${resultName(error)}`}`

const connectionLine = (event: ConnectionEvent): string => {
  if (event._tag === "Outcome") {
    return `${event.pid} ${event.name} connection ${event.number}: ${outcomeName(event.error, "outcome unknown")}`
  }
  const address = addressText(event)
  const to = typeof address === "string" ? address : address.base64
  const where = protocolName(event) === "unix" ? to : `${to} port ${event.port}`
  return `${event.pid} ${event.name} ${event.way} ${protocolName(event)} ${where} (${event.number}): ${outcomeName(event.error, "pending")}`
}

/**
 * Tells in lines what the frames of enhanced recording hold. A recording has commands, files and connections in frames of their
 * own: those of frames that stand together are told in the order in which they happened.
 */
export class EventLines {
  readonly #shown: ShownEvents
  readonly #joiner = new CommandJoiner()
  #held: Array<Line> = []

  constructor(shown: ShownEvents) {
    this.#shown = shown
  }

  /**
   * The lines of this frame and of those before it that were held back; none yet where the `next` one stands close. Throws
   * `Corrupt` for a payload that cannot be read.
   */
  of(frame: Frame, next: Frame | undefined): ReadonlyArray<string> {
    this.#held.push(...this.#lines(frame))
    if (next !== undefined && holdsEvents(next) && next.timeMs - frame.timeMs <= closeMs) return []
    const lines = this.#held.sort((one, other) => one.timeUs - other.timeUs)
    this.#held = []
    return lines.map(({ text }) => (text.length > longest ? `${text.slice(0, longest)}…` : text))
  }

  #lines({ kind, payload }: Frame): ReadonlyArray<Line> {
    const all = this.#shown === "all"
    switch (kind) {
      case FrameKind.Exec:
        return decodeCommands(payload)
          .flatMap((part) => this.#joiner.add(part))
          .filter((event) => all || event._tag !== "Refused" || event.error !== ENOENT)
          .map((event) => ({ timeUs: event.timeUs, text: commandLine(event) }))
      case FrameKind.File:
        return decodeFiles(payload)
          .filter((event) => all || !isRoutineFile(event))
          .map((event) => ({ timeUs: event.timeUs, text: fileLine(event) }))
      case FrameKind.Network:
        return decodeConnections(payload).map((event) => ({ timeUs: event.timeUs, text: connectionLine(event) }))
      default:
        return []
    }
  }
}
