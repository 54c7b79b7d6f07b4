import { create, toBinary } from "@bufbuild/protobuf"
import type { FileEvent } from "../domain/FileEvent.ts"
import { FileEventSchema, FilesSchema } from "./gen/mezite/recording/v1/recording_pb.ts"
import { eventEntry, groupEntries } from "./internal/EventEntries.ts"
import { converting, readMessage, safeNumber } from "./internal/Message.ts"
import { EventLimits } from "./Limits.ts"

const entryOf = (event: FileEvent): Uint8Array =>
  eventEntry(
    toBinary(
      FileEventSchema,
      create(FileEventSchema, {
        ...event,
        timeUs: BigInt(event.timeUs),
        path: event.path.subarray(Math.max(0, event.path.length - 2 * EventLimits.path)),
        cut: event.cut || event.path.length > 2 * EventLimits.path,
      }),
    ),
  )

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
