import { varintLength, WireOutput } from "./WireOutput.ts"

/** The tag of `events` in Commands, Files and Connections. */
export const EVENTS_TAG = 0x0a

/** An event's message as a part of the payload that lists it. */
export const eventEntry = (message: Uint8Array): Uint8Array => {
  const output = new WireOutput(1 + varintLength(message.length) + message.length)
  output.block(EVENTS_TAG, message)
  return output.bytes
}

/** As few payloads as there can be of at most `limit` bytes; an entry that is longer has one of its own. */
export const groupEntries = (entries: ReadonlyArray<Uint8Array>, limit: number): ReadonlyArray<Uint8Array> => {
  const payloads: Array<Uint8Array> = []
  let group: Array<Uint8Array> = []
  let bytes = 0
  for (const entry of entries) {
    if (bytes > 0 && bytes + entry.length > limit) {
      payloads.push(Buffer.concat(group))
      group = []
      bytes = 0
    }
    group.push(entry)
    bytes += entry.length
  }
  if (bytes > 0) payloads.push(Buffer.concat(group))
  return payloads
}
