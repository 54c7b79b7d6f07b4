import { type RawText, rawArguments } from "../../../domain/RawText.ts"

/** Characters of JSON that a command's arguments may take in an event. */
const mostChars = 8192

const cut = (argument: RawText, chars: number): RawText =>
  typeof argument === "string" ? argument.slice(0, chars) : { base64: argument.base64.slice(0, chars - (chars % 4)) }

/** Arguments as far as an event has room for them, and whether that is all. */
export const toldArguments = (
  bytes: Uint8Array,
): { readonly argv: ReadonlyArray<RawText>; readonly truncated: boolean } => {
  const argv: Array<RawText> = []
  let room = mostChars
  // No more bytes than this can have room; those behind need not be looked at.
  for (const argument of rawArguments(bytes.subarray(0, mostChars))) {
    const chars = JSON.stringify(argument).length + 1
    if (chars > room) {
      argv.push(cut(argument, Math.floor(room / 6)))
      return { argv, truncated: true }
    }
    room -= chars
    argv.push(argument)
  }
  return { argv, truncated: bytes.length > mostChars }
}
