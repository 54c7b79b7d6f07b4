import { type RawText, rawArguments } from "../../../domain/RawText.ts"

/** Characters of JSON that a command's arguments may take in an event; no more bytes than this can have room. */
const mostChars = 8192

const cut = (argument: RawText, chars: number): RawText =>
  typeof argument === "string" ? argument.slice(0, chars) : { base64: argument.base64.slice(0, chars - (chars % 4)) }

/** What of a command's arguments can be told, in memory of its own where that is less than all. */
export const tellableArguments = (bytes: Uint8Array): Uint8Array =>
  bytes.length > mostChars ? new Uint8Array(bytes.subarray(0, mostChars)) : bytes

/** Arguments as far as an event has room for them, and whether that is all. */
export const toldArguments = (
  bytes: Uint8Array,
): { readonly argv: ReadonlyArray<RawText>; readonly truncated: boolean } => {
  const argv: Array<RawText> = []
  let room = mostChars
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
