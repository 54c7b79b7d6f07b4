import type { FileEvent } from "../domain/FileEvent.ts"
import { FilesSchema } from "./gen/mezite/recording/v1/recording_pb.ts"
import { EVENTS_TAG, groupEntries } from "./internal/EventEntries.ts"
import { converting, readMessage, safeNumber } from "./internal/Message.ts"
import { numberLength, varintLength, WireOutput } from "./internal/WireOutput.ts"
import { EventLimits } from "./Limits.ts"

/** The fields' tags in a FileEvent. */
const TAG = {
  time: 0x08,
  pid: 0x10,
  name: 0x1a,
  path: 0x22,
  flags: 0x28,
  error: 0x30,
  cut: 0x38,
  unseen: 0x40,
} as const

const longestPath = 2 * EventLimits.path

const blockLength = (block: Uint8Array): number =>
  block.length === 0 ? 0 : 1 + varintLength(block.length) + block.length

/** By hand, byte for byte what any protobuf library writes: there may be a hundred thousand of them in a second. */
const entryOf = (event: FileEvent): Uint8Array => {
  const { timeUs, pid, flags, error, unseen } = event
  const name = Buffer.from(event.name)
  const path = event.path.subarray(Math.max(0, event.path.length - longestPath))
  const cut = event.cut || path.length < event.path.length
  const numbers = numberLength(timeUs) + numberLength(pid) + numberLength(flags) + numberLength(error)
  const length = numbers + blockLength(name) + blockLength(path) + (cut ? 2 : 0) + (unseen ? 2 : 0)
  const output = new WireOutput(1 + varintLength(length) + length)
  output.open(EVENTS_TAG, length)
  output.number(TAG.time, timeUs)
  output.number(TAG.pid, pid)
  if (name.length > 0) output.block(TAG.name, name)
  if (path.length > 0) output.block(TAG.path, path)
  output.number(TAG.flags, flags)
  output.number(TAG.error, error)
  output.number(TAG.cut, cut ? 1 : 0)
  output.number(TAG.unseen, unseen ? 1 : 0)
  return output.bytes
}

/** Payloads of `file` frames that hold these events, in their order. */
export const encodeFiles = (events: ReadonlyArray<FileEvent>): ReadonlyArray<Uint8Array> =>
  groupEntries(events.map(entryOf), EventLimits.payload)

/** Reads the payload of a `file` frame; throws `Corrupt` or `TooLarge`. */
export const decodeFiles = (payload: Uint8Array): ReadonlyArray<FileEvent> =>
  converting(0, () =>
    readMessage(FilesSchema, payload, 0).events.map(({ $typeName, timeUs, ...event }) => ({
      ...event,
      timeUs: safeNumber(timeUs),
    })),
  )
