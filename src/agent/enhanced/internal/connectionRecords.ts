import {
  AddressFamily,
  type ConnectionAsked,
  type ConnectionOutcome,
  type ConnectionWay,
} from "../../../domain/ConnectionEvent.ts"
import { ProbeFault } from "../ProbeFault.ts"
import type { RawRecord } from "./RawRecord.ts"

/** wire.h, struct endpoint. */
const endpointBytes = 48
const remoteAt = 32

const EINPROGRESS = 115
const ENODATA = 61

const ways: ReadonlyArray<ConnectionWay | undefined> = [undefined, "connect", "accept", "datagram"]

const about = (raw: RawRecord) => ({
  timeUs: raw.timeUs,
  pid: raw.pid,
  name: raw.name,
  number: raw.detail(1),
})

/** A path up to its NUL; a name that begins with a NUL may hold more of them. */
const unixAddress = (bytes: Buffer): Buffer => {
  const end = bytes[0] === 0 ? -1 : bytes.indexOf(0)
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end))
}

const addressOf = (raw: RawRecord, family: number): Buffer => {
  if (family === AddressFamily.Unix) return unixAddress(raw.data(endpointBytes))
  const remote = raw.data(remoteAt, endpointBytes)
  if (family === AddressFamily.Inet) return Buffer.from(remote.subarray(0, 4))
  return family === AddressFamily.Inet6 ? Buffer.from(remote) : Buffer.alloc(0)
}

/** RECORD_CONNECT. */
export const askedOf = (raw: RawRecord): ConnectionAsked => {
  const endpoint = raw.data(0, endpointBytes)
  const way = ways[raw.detail(0)]
  if (way === undefined) throw new ProbeFault("a connection of an unknown way")
  const family = endpoint.readUInt16LE(0)
  return {
    _tag: "Asked",
    ...about(raw),
    way,
    family,
    type: endpoint.readUInt16LE(2),
    protocol: endpoint.readUInt16LE(4),
    address: addressOf(raw, family),
    port: endpoint.readUInt16LE(8),
    error: isPending(raw, endpoint) ? null : raw.result,
  }
}

/** Of TCP alone the outcome follows. */
const isPending = (raw: RawRecord, endpoint: Buffer): boolean =>
  raw.result === EINPROGRESS && endpoint.readUInt16LE(4) === 6

/** RECORD_CONNECTED. */
export const outcomeOf = (raw: RawRecord): ConnectionOutcome => ({
  _tag: "Outcome",
  ...about(raw),
  error: raw.result === ENODATA ? null : raw.result,
  localPort: raw.data(0, endpointBytes).readUInt16LE(6),
})
