import type { Frame, FrameKind } from "../domain/Frame.ts"
import { type KeyScheme, payloadOverhead } from "./Encryption.ts"
import { BODY_TAG, ENTRY_TAG } from "./Entry.ts"
import { WireCursor } from "./internal/WireCursor.ts"
import { numberLength, varintLength, WireOutput } from "./internal/WireOutput.ts"
import { Limits } from "./Limits.ts"
import { RecordingError } from "./RecordingError.ts"

/** A frame as it is sent and stored: its payload perhaps compressed and, over that, perhaps encrypted. */
export interface WireFrame extends Frame {
  readonly compressed: boolean
}

const TAG = { seq: 0x08, time: 0x10, kind: 0x18, compressed: 0x20, masked: 0x28, payload: 0x32, size: 0x38 } as const

const LAST_KIND = 10

/**
 * A frame's entry, tag and length included: one allocation, one copy of the payload. Byte for byte what any
 * protobuf library writes. The frame must be a valid one (`checkFrame`).
 */
export const encodeFrameEntry = (frame: WireFrame): Uint8Array<ArrayBuffer> => {
  const { payload } = frame
  const body =
    numberLength(frame.seq) +
    numberLength(frame.timeMs) +
    numberLength(frame.kind) +
    (frame.compressed ? 2 : 0) +
    (frame.masked ? 2 : 0) +
    (payload.length === 0 ? 0 : 1 + varintLength(payload.length) + payload.length) +
    numberLength(frame.size)
  const content = 1 + varintLength(body) + body
  const output = new WireOutput(1 + varintLength(content) + content)
  output.open(ENTRY_TAG, content)
  output.open(BODY_TAG.frame, body)
  output.number(TAG.seq, frame.seq)
  output.number(TAG.time, frame.timeMs)
  output.number(TAG.kind, frame.kind)
  output.number(TAG.compressed, frame.compressed ? 1 : 0)
  output.number(TAG.masked, frame.masked ? 1 : 0)
  if (payload.length > 0) output.block(TAG.payload, payload)
  output.number(TAG.size, frame.size)
  return output.bytes
}

/** The frame in an entry's body; its payload is a view. Unknown fields are passed over. Throws `Corrupt`. */
export const decodeFrame = (body: Uint8Array, offset: number): WireFrame => {
  const cursor = new WireCursor(body, offset)
  let seq = 0
  let timeMs = 0
  let kind = 0
  let compressed = false
  let masked = false
  let payload = body.subarray(0, 0)
  let size = 0
  while (!cursor.done) {
    const tag = cursor.uint32()
    if (tag === TAG.seq) seq = cursor.varint()
    else if (tag === TAG.time) timeMs = cursor.varint()
    else if (tag === TAG.kind) kind = cursor.varint()
    else if (tag === TAG.compressed) compressed = cursor.varint() !== 0
    else if (tag === TAG.masked) masked = cursor.varint() !== 0
    else if (tag === TAG.payload) payload = cursor.bytes()
    else if (tag === TAG.size) size = cursor.uint32()
    else if (tag >>> 3 <= 7) throw cursor.corrupt("a field of a frame has the wrong type")
    else cursor.skip(tag & 7)
  }
  if (seq === 0) throw cursor.corrupt("a frame has no sequence number")
  if (kind < 1 || kind > LAST_KIND) throw cursor.corrupt(`frame ${seq} is of an unknown kind`)
  return { seq, timeMs, kind: kind as FrameKind, compressed, masked, payload, size }
}

/** What a header says of all its recording's frames. */
export interface FrameForm {
  /** How payloads are encrypted; absent where they are in clear. */
  readonly scheme?: KeyScheme | undefined
  /** Whether frames may be compressed. */
  readonly deflate: boolean
}

/** Throws `Corrupt` or `TooLarge` where a frame's size, flags and payload do not agree; needs no key. */
export const checkFrame = (frame: WireFrame, form: FrameForm, offset: number): void => {
  const length = frame.payload.length - payloadOverhead(form.scheme, frame.kind)
  const fail = (what: string) => RecordingError.at(offset, "Corrupt", `frame ${frame.seq} ${what}`)
  if (!Number.isSafeInteger(frame.timeMs) || frame.timeMs < 0) throw fail("has a time that is no whole milliseconds")
  if (!(frame.kind >= 1 && frame.kind <= LAST_KIND)) throw fail("is of an unknown kind")
  if (frame.size >>> 0 !== frame.size) throw fail("has a size that is no 32-bit number")
  if (length < 0) throw fail("lacks its authentication tag")
  if (frame.masked) {
    if (length > 0 || frame.compressed) throw fail("is masked, and yet has a payload")
    return
  }
  if (frame.size > Limits.payload) {
    throw RecordingError.at(offset, "TooLarge", `frame ${frame.seq} has ${frame.size} bytes; 1 MiB is allowed`)
  }
  if (frame.compressed && !form.deflate) throw fail("is compressed, and the header names no codec")
  if (frame.compressed ? length > frame.size : length !== frame.size) {
    throw fail("has a payload of another length than it says")
  }
}

/** A frame ready to be stored in clear and uncompressed. */
export const wireFrame = (frame: Frame): WireFrame => ({ ...frame, compressed: false })
