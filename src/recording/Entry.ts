import { WireCursor } from "./internal/WireCursor.ts"
import { varintLength, WireOutput } from "./internal/WireOutput.ts"
import { Limits } from "./Limits.ts"
import { RecordingError } from "./RecordingError.ts"

export type EntryKind = "header" | "frame" | "seal" | "end"

/** One whole entry of a recording, as views into the bytes it came in. */
export interface Entry {
  readonly kind: EntryKind
  /** Where its tag stands, counted from where reading began; in a file, from the file's start. */
  readonly offset: number
  /** Tag, length and content: what stands in the file. */
  readonly bytes: Uint8Array
  /** The Header, Frame, Seal or End message alone. */
  readonly body: Uint8Array
}

/** The tag of `Recording.entries`, and of `RecordRequest.entries`. */
export const ENTRY_TAG = 0x0a

/** The tag of each field of `Entry`. */
export const BODY_TAG = { header: 0x0a, frame: 0x12, seal: 0x1a, end: 0x22 } as const

const kinds: Readonly<Record<number, EntryKind>> = { 10: "header", 18: "frame", 26: "seal", 34: "end" }

/** The longest content of an entry whose first byte is `tag`; of any entry where that byte is not there yet. */
const limitOf = (tag: number | undefined, offset: number): number => {
  if (tag === undefined || tag === BODY_TAG.end) return Limits.end
  if (tag === BODY_TAG.frame) return Limits.payload + Limits.frameOverhead
  if (tag === BODY_TAG.header) return Limits.header
  if (tag === BODY_TAG.seal) return Limits.frameOverhead
  throw RecordingError.at(offset, "Corrupt", "an entry of an unknown kind")
}

/** Where the content of the entry at `at` begins and how long it is; undefined until enough bytes are there. */
export const entryExtent = (
  bytes: Uint8Array,
  at: number,
  end: number,
  offset: number,
): { readonly start: number; readonly length: number } | undefined => {
  if (at >= end) return undefined
  if (bytes[at] !== ENTRY_TAG) throw RecordingError.at(offset, "Corrupt", "no entry begins here")
  let length = 0
  for (let index = 0; index < 4; index++) {
    const position = at + 1 + index
    if (position >= end) return undefined
    const byte = bytes[position] ?? 0
    length |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) return { start: position + 1, length: checkedLength(length, bytes, position + 1, end, offset) }
  }
  throw RecordingError.at(offset, "TooLarge", `an entry is longer than the ${Limits.end} bytes allowed`)
}

const checkedLength = (length: number, bytes: Uint8Array, start: number, end: number, offset: number): number => {
  if (length === 0) throw RecordingError.at(offset, "Corrupt", "an entry is empty")
  const limit = limitOf(start < end ? bytes[start] : undefined, offset)
  if (length > limit) {
    throw RecordingError.at(offset, "TooLarge", `an entry has ${length} bytes; ${limit} are allowed`)
  }
  return length
}

/** The entry in `bytes`, whose content begins at `start`; it must hold exactly one known field. */
export const entryOf = (bytes: Uint8Array, start: number, offset: number): Entry => {
  const kind = kinds[bytes[start] ?? 0]
  if (kind === undefined) throw RecordingError.at(offset, "Corrupt", "an entry of an unknown kind")
  const cursor = new WireCursor(bytes.subarray(start + 1), offset)
  const body = cursor.bytes()
  if (!cursor.done) throw RecordingError.at(offset, "Corrupt", "an entry holds more than one field")
  return { kind, offset, bytes, body }
}

/** Splits a buffer that holds whole entries (a gRPC request, a file without its magic line), without copying. */
export function* splitEntries(bytes: Uint8Array, offset = 0): Generator<Entry, void, undefined> {
  for (let at = 0; at < bytes.length; ) {
    const extent = entryExtent(bytes, at, bytes.length, offset + at)
    if (extent === undefined || extent.length > bytes.length - extent.start) {
      throw RecordingError.at(offset + at, "Truncated", "the last entry is not whole")
    }
    const next = extent.start + extent.length
    yield entryOf(bytes.subarray(at, next), extent.start - at, offset + at)
    at = next
  }
}

/** An entry's bytes, tag and length included. */
export const encodeEntry = (kind: EntryKind, body: Uint8Array): Uint8Array => {
  const content = 1 + varintLength(body.length) + body.length
  const output = new WireOutput(1 + varintLength(content) + content)
  output.open(ENTRY_TAG, content)
  output.block(BODY_TAG[kind], body)
  return output.bytes
}
