import { BODY_TAG, ENTRY_TAG } from "./Entry.ts"
import { RecordingError } from "./RecordingError.ts"

/** A signed statement about every byte of the file before it. */
export interface Seal {
  /** The last frame covered; 0 where there is none. */
  readonly seq: number
  /** SHA-256 over every byte of the file before the seal's entry, the magic line included. */
  readonly digest: Uint8Array
  /** Ed25519 over `sealMessage`. */
  readonly signature: Uint8Array
  /** SHA-256 of the raw 32-byte public key. */
  readonly keyId: Uint8Array
  /** In the last seal the byte offset of the End entry's tag, else 0. */
  readonly endOffset: number
}

/** The length of every seal's entry: all five fields are written, in order, also where they are 0. */
export const SEAL_ENTRY_BYTES = 158

const BODY_BYTES = 152
const AT = { seq: 1, digest: 11, signature: 45, keyId: 111, endOffset: 144 } as const

/** Everything in a seal's body but its values. */
const template = (() => {
  const body = new Uint8Array(BODY_BYTES)
  body[0] = 0x09
  body.set([0x12, 32], AT.digest - 2)
  body.set([0x1a, 64], AT.signature - 2)
  body.set([0x22, 32], AT.keyId - 2)
  body[AT.endOffset - 1] = 0x29
  return body
})()

const entryStart = Uint8Array.of(ENTRY_TAG, 0x9b, 0x01, BODY_TAG.seal, 0x98, 0x01)

/** The bytes that a seal's signature is made over. */
export const sealMessage = (sessionId: string, seal: Omit<Seal, "signature" | "keyId">): Uint8Array => {
  const start = new TextEncoder().encode(`mezite-seal-v1\0${sessionId}\0`)
  const message = new Uint8Array(start.length + 16 + seal.digest.length)
  const view = new DataView(message.buffer)
  message.set(start)
  view.setBigUint64(start.length, BigInt(seal.seq))
  view.setBigUint64(start.length + 8, BigInt(seal.endOffset))
  message.set(seal.digest, start.length + 16)
  return message
}

/** A seal's entry, always `SEAL_ENTRY_BYTES` long. */
export const encodeSealEntry = (seal: Seal): Uint8Array => {
  const entry = new Uint8Array(SEAL_ENTRY_BYTES)
  entry.set(entryStart)
  const body = entry.subarray(entryStart.length)
  body.set(template)
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  view.setBigUint64(AT.seq, BigInt(seal.seq), true)
  body.set(seal.digest, AT.digest)
  body.set(seal.signature, AT.signature)
  body.set(seal.keyId, AT.keyId)
  view.setBigUint64(AT.endOffset, BigInt(seal.endOffset), true)
  return entry
}

/**
 * Reads a seal's entry. Only the one encoding that a writer makes is taken, so that no byte of a seal, either, can be
 * changed unnoticed. Throws `Corrupt`.
 */
export const decodeSealEntry = (entry: Uint8Array, offset: number): Seal => {
  const body = entry.subarray(entryStart.length)
  const framed = entryStart.every((byte, index) => entry[index] === byte)
  const laidOut = [0, 9, 10, 43, 44, 109, 110, 143].every((at) => body[at] === template[at])
  if (entry.length !== SEAL_ENTRY_BYTES || !framed || !laidOut) {
    throw RecordingError.at(offset, "Corrupt", "a seal of another form than seals have")
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const number = (at: number) => {
    const value = view.getBigUint64(at, true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw RecordingError.at(offset, "Corrupt", "a seal's number is too large")
    return Number(value)
  }
  return {
    seq: number(AT.seq),
    digest: body.slice(AT.digest, AT.digest + 32),
    signature: body.slice(AT.signature, AT.signature + 64),
    keyId: body.slice(AT.keyId, AT.keyId + 32),
    endOffset: number(AT.endOffset),
  }
}
