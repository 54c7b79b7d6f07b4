/** What JSON leaves as it is though terminals may act on it: DEL, C1 controls, those that turn the direction of writing. */
const acting = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

const escapeCharacter = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("")

/** JSON on one line that holds what others named, and can't act on the terminal where it is read. */
export const jsonText = (value: unknown): string => JSON.stringify(value).replaceAll(acting, escapeCharacter)
