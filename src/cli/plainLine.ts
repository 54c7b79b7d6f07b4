/** The text on one line and without control characters, so that what others named can't act on the reader's terminal. */
export const plainLine = (text: string): string =>
  text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, "\u{fffd}")
    .trim()
