/** What an escaped text holds at most, in characters, before its end is cut off, unless told. */
const usualMaxChars = 1024

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, "0")}`

const escapeCharacter = (character: string): string =>
  character === "\\" ? "\\\\" : [...Buffer.from(character, "utf8")].map(hex).join("")

/** Controls, format characters (those that turn the direction of writing among them) and separators of lines. */
const unprintable = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Bytes that somebody else chose, such as a path or a host's name, as printable text from which they can be told again: `\\` for a
 * backslash, `\xNN` for each byte of what is unprintable or not UTF-8. No two are alike, and none can look like two lines. Of what
 * is long the beginning is given, and `\...N bytes`, N being how long all of it is.
 */
export const escapeText = (value: Uint8Array | string, maxChars = usualMaxChars): string => {
  const bytes = Buffer.from(value as Uint8Array)
  const start = bytes.subarray(0, 4 * maxChars)
  const text = start.toString("utf8")
  const escaped = Buffer.from(text, "utf8").equals(start)
    ? text.replaceAll(unprintable, escapeCharacter)
    : start
        .toString("latin1")
        .replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, (char) => (char === "\\" ? "\\\\" : hex(char.charCodeAt(0))))
  if (escaped.length <= maxChars && start.length === bytes.length) return escaped
  // Not within an escape, nor between the two halves of a character.
  const cut = escaped
    .slice(0, maxChars)
    .replace(/(?<!\\)((?:\\\\)*)\\(?:x[0-9a-f]?)?$/, "$1")
    .replace(/[\ud800-\udbff]$/, "")
  return `${cut}\\...${bytes.length} bytes`
}
