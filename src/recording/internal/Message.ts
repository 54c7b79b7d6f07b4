import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf"
import { Limits } from "../Limits.ts"
import { RecordingError } from "../RecordingError.ts"
import { WireCursor } from "./WireCursor.ts"

/** A protobuf message of an entry, read by the generated code; throws `Corrupt` or `TooLarge`, and nothing else. */
export const readMessage = <D extends DescMessage>(schema: D, body: Uint8Array, offset: number): MessageShape<D> => {
  countFields(body, offset)
  try {
    return fromBinary(schema, body, { readUnknownFields: false })
  } catch {
    throw RecordingError.at(offset, "Corrupt", `a ${schema.name} that cannot be read`)
  }
}

/**
 * A message's bytes, at most `limit` of them. Throws `TooLarge`, or `Corrupt` for numbers that are negative, not whole or
 * too large.
 */
export const writeMessage = <D extends DescMessage>(
  schema: D,
  values: () => MessageInitShape<D>,
  limit: number,
): Uint8Array => {
  let body: Uint8Array
  try {
    body = toBinary(schema, create(schema, values()))
  } catch (error) {
    throw RecordingError.at(0, "Corrupt", `a ${schema.name} that cannot be written: ${String(error)}`)
  }
  if (body.length <= limit - Limits.frameOverhead) return body
  throw RecordingError.at(0, "TooLarge", `the ${schema.name} has ${body.length} bytes; ${limit} are allowed`)
}

/** A 64-bit number as a JavaScript one; throws a RangeError past 2^53-1. */
export const safeNumber = (value: bigint): number => {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError("a number is larger than 2^53-1")
  return Number(value)
}

/** Runs a conversion; a RangeError of `safeNumber` becomes `Corrupt`. */
export const converting = <A>(offset: number, convert: () => A): A => {
  try {
    return convert()
  } catch (error) {
    if (error instanceof RangeError) throw RecordingError.at(offset, "Corrupt", error.message)
    throw error
  }
}

/** A message of many tiny parts would take many times its size in memory. */
const countFields = (body: Uint8Array, offset: number): void => {
  const cursor = new WireCursor(body, offset)
  for (let count = 0; !cursor.done; count++) {
    if (count === Limits.fields) throw RecordingError.at(offset, "TooLarge", "an entry of too many parts")
    const tag = cursor.uint32()
    if (tag < 8) throw cursor.corrupt("a field has the number 0")
    cursor.skip(tag & 7)
  }
}
