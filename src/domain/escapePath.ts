import { escapeText } from "./escapeText.ts"

/** PATH_MAX, whose last byte is no part of the path: no file has a longer one. */
const longestPath = 4095

/** Where escaping takes more than this, another way of writing takes less. */
const maxEscaped = 3072

/**
 * A path as printable text, whole: whoever chose it can't have any of it cut off. As `escapeText` gives it, or, where that would be
 * long, `\base64:` and its bytes in base64. Only what is longer than any path loses its end. JSON takes 6,144 characters for it at most.
 */
export const escapePath = (path: Uint8Array | string): string => {
  const bytes = Buffer.from(path as Uint8Array)
  if (bytes.length > longestPath) return escapeText(bytes)
  const escaped = escapeText(bytes, maxEscaped)
  return escaped.length <= maxEscaped ? escaped : `\\base64:${bytes.toString("base64")}`
}
