import { type RawText, rawText } from "../../../domain/RawText.ts"

/** Bytes of a path that an event holds; the recording has all of it. */
const longestPath = 1024

/** Characters of JSON that they may take: an event's detail has 16,384 of them at most, and control characters take six each. */
const mostChars = 2048

/** A path as an event may hold it. */
export interface ToldPath {
  readonly text: RawText
  /** Its beginning is missing. */
  readonly isCut: boolean
}

/** Whether a byte of UTF-8 goes on with a character that began before. */
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

const ending = (path: Uint8Array, most: number): ToldPath => {
  if (path.length <= most) return { text: rawText(path), isCut: false }
  let from = path.length - most
  for (let skipped = 0; skipped < 3 && isContinuation(path[from]); skipped++) from += 1
  return { text: rawText(path.subarray(from)), isCut: true }
}

/** The path, or its end where it is long. */
export const toldPath = (path: Uint8Array): ToldPath => {
  const told = ending(path, longestPath)
  return JSON.stringify(told.text).length <= mostChars ? told : ending(path, Math.floor(mostChars / 6))
}
