import { isUtf8 } from "node:buffer"

/** What was bytes: text where they are UTF-8, else base64, so that nothing is lost. */
export type RawText = string | { readonly base64: string }

/** As JSON may hold it. */
export const rawText = (bytes: Uint8Array): RawText => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(buffer) ? buffer.toString("utf8") : { base64: buffer.toString("base64") }
}

/** A command's arguments, each ended by a NUL; the last one may be cut. */
export const rawArguments = (bytes: Uint8Array): ReadonlyArray<RawText> => {
  const list: Array<RawText> = []
  for (let at = 0; at < bytes.length; ) {
    const nul = bytes.indexOf(0, at)
    const end = nul < 0 ? bytes.length : nul
    list.push(rawText(bytes.subarray(at, end)))
    at = end + 1
  }
  return list
}

/** The last name of a path. */
export const baseName = (path: Uint8Array): RawText => rawText(path.subarray(path.lastIndexOf(0x2f) + 1))
