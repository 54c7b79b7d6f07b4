import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf"
import type { CommandEvent, CommandStarted, Seen } from "../domain/CommandEvent.ts"
import type { Exit } from "../domain/SessionEnd.ts"
import {
  type CommandEnded,
  CommandEventSchema,
  CommandsSchema,
  type CommandEvent as Message,
} from "./gen/mezite/recording/v1/recording_pb.ts"
import { eventEntry, groupEntries } from "./internal/EventEntries.ts"
import { converting, readMessage, safeNumber } from "./internal/Message.ts"
import { EventLimits } from "./Limits.ts"

/** A command as a payload may hold it: its arguments may go on in the next ones. */
export type CommandPart =
  | CommandEvent
  /** Further arguments of the last command that this process started. */
  | (Seen & { readonly _tag: "Arguments"; readonly arguments: Uint8Array })

type Init = MessageInitShape<typeof CommandEventSchema>["event"]

const lastBytes = (path: Uint8Array): Uint8Array => path.subarray(Math.max(0, path.length - EventLimits.path))

const messageOf = ({ timeUs, pid }: Seen, event: NonNullable<Init>): Uint8Array =>
  eventEntry(toBinary(CommandEventSchema, create(CommandEventSchema, { timeUs: BigInt(timeUs), pid, event })))

const startedEntries = (started: CommandStarted): ReadonlyArray<Uint8Array> => {
  const { arguments: all, argumentsBytes, program, directory } = started
  const value = {
    ...started,
    arguments: all.subarray(0, EventLimits.arguments),
    argumentsBytes: BigInt(argumentsBytes),
    program: lastBytes(program),
    directory: lastBytes(directory),
    cut: started.cut || Math.max(program.length, directory.length) > EventLimits.path,
  }
  const entries = [messageOf(started, { case: "started", value })]
  for (let at = EventLimits.arguments; at < all.length; at += EventLimits.arguments) {
    const part = { arguments: all.subarray(at, at + EventLimits.arguments) }
    entries.push(messageOf(started, { case: "arguments", value: part }))
  }
  return entries
}

const exitValue = (exit: Exit) =>
  exit._tag === "Code"
    ? ({ case: "exitCode", value: exit.code } as const)
    : ({ case: "exitSignal", value: exit.signal } as const)

const entriesOf = (event: CommandEvent): ReadonlyArray<Uint8Array> => {
  switch (event._tag) {
    case "Started":
      return startedEntries(event)
    case "Ended":
      return [messageOf(event, { case: "ended", value: { exit: exitValue(event.exit) } })]
    case "Refused": {
      const { file, directory, error } = event
      return [messageOf(event, { case: "refused", value: { file, directory: lastBytes(directory), error } })]
    }
  }
}

/** Payloads of `exec` frames that hold these events, in their order; long arguments go on from one to the next. */
export const encodeCommands = (events: ReadonlyArray<CommandEvent>): ReadonlyArray<Uint8Array> =>
  groupEntries(events.flatMap(entriesOf), EventLimits.payload)

const exitOf = ({ exit }: CommandEnded): Exit =>
  exit.case === "exitSignal"
    ? { _tag: "Signal", signal: exit.value }
    : { _tag: "Code", code: exit.case === "exitCode" ? exit.value : 0 }

const partOf = ({ timeUs, pid, event }: Message): ReadonlyArray<CommandPart> => {
  const seen = { timeUs: safeNumber(timeUs), pid }
  switch (event.case) {
    case "started": {
      const { $typeName, argumentsBytes, ...started } = event.value
      return [{ _tag: "Started", ...seen, ...started, argumentsBytes: safeNumber(argumentsBytes) }]
    }
    case "arguments":
      return [{ _tag: "Arguments", ...seen, arguments: event.value.arguments }]
    case "ended":
      return [{ _tag: "Ended", ...seen, exit: exitOf(event.value) }]
    case "refused": {
      const { file, directory, error } = event.value
      return [{ _tag: "Refused", ...seen, file, directory, error }]
    }
    default:
      return []
  }
}

/** Reads the payload of an `exec` frame; throws `Corrupt` or `TooLarge`. */
export const decodeCommands = (payload: Uint8Array): ReadonlyArray<CommandPart> =>
  converting(0, () => readMessage(CommandsSchema, payload, 0).events.flatMap(partOf))
