import type { WireFrame } from "../WireFrame.ts"

/** What the associated data of a recording's payloads begins with: label | 0 | session id | 0. */
export const dataLabel = (label: string, sessionId: string): Uint8Array =>
  new TextEncoder().encode(`${label}\0${sessionId}\0`)

/** `label` | seq (8) | time (8) | kind (1) | flags (1) | size (4), big endian. */
export const frameData = (label: Uint8Array, frame: WireFrame): Uint8Array => {
  const data = Buffer.allocUnsafe(label.length + 22)
  data.set(label)
  const at = label.length
  data.writeBigUInt64BE(BigInt(frame.seq), at)
  data.writeBigUInt64BE(BigInt(frame.timeMs), at + 8)
  data[at + 16] = frame.kind
  data[at + 17] = (frame.compressed ? 1 : 0) | (frame.masked ? 2 : 0)
  data.writeUInt32BE(frame.size, at + 18)
  return data
}
