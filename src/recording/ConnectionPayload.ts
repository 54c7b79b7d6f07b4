import { create, toBinary } from "@bufbuild/protobuf"
import type { ConnectionEvent, ConnectionWay } from "../domain/ConnectionEvent.ts"
import {
  ConnectionEventSchema,
  ConnectionsSchema,
  type ConnectionEvent as Message,
  Way,
} from "./gen/mezite/recording/v1/recording_pb.ts"
import { eventEntry, groupEntries } from "./internal/EventEntries.ts"
import { converting, readMessage, safeNumber } from "./internal/Message.ts"
import { EventLimits } from "./Limits.ts"

const ways: Record<ConnectionWay, Way> = { connect: Way.CONNECT, accept: Way.ACCEPT, datagram: Way.DATAGRAM }
const wayNames = new Map(Object.entries(ways).map(([name, way]) => [way, name as ConnectionWay]))

const known = (error: number | null) => (error === null ? {} : { error })

const eventOf = (event: ConnectionEvent) => {
  if (event._tag === "Outcome") {
    return { case: "outcome", value: { ...known(event.error), localPort: event.localPort } } as const
  }
  const { way, family, type, protocol, address, port, error } = event
  return { case: "asked", value: { way: ways[way], family, type, protocol, address, port, ...known(error) } } as const
}

const entryOf = (event: ConnectionEvent): Uint8Array => {
  const { timeUs, pid, name, number } = event
  const message = { timeUs: BigInt(timeUs), pid, name, number, event: eventOf(event) }
  return eventEntry(toBinary(ConnectionEventSchema, create(ConnectionEventSchema, message)))
}

/** Payloads of `network` frames that hold these events, in their order. */
export const encodeConnections = (events: ReadonlyArray<ConnectionEvent>): ReadonlyArray<Uint8Array> =>
  groupEntries(events.map(entryOf), EventLimits.payload)

const readEvent = ({ timeUs, pid, name, number, event }: Message): ReadonlyArray<ConnectionEvent> => {
  const seen = { timeUs: safeNumber(timeUs), pid, name, number }
  if (event.case === "outcome") {
    const { error = null, localPort } = event.value
    return [{ _tag: "Outcome", ...seen, error, localPort }]
  }
  const way = event.case === "asked" ? wayNames.get(event.value.way) : undefined
  if (event.case !== "asked" || way === undefined) return []
  const { $typeName, error = null, ...asked } = event.value
  return [{ _tag: "Asked", ...seen, ...asked, way, error }]
}

/** Reads the payload of a `network` frame; throws `Corrupt` or `TooLarge`. Events of an unknown kind are passed over. */
export const decodeConnections = (payload: Uint8Array): ReadonlyArray<ConnectionEvent> =>
  converting(0, () => readMessage(ConnectionsSchema, payload, 0).events.flatMap(readEvent))
