import { escapeText } from "../../../domain/escapeText.ts"

/** Of JSON: an event tells of a transfer's arguments, and its paths by themselves. */
const mostChars = 6144

/** A transfer's words as the audit log tells them: all of each, `\\x20` for a blank within one. */
export const toldWords = (words: ReadonlyArray<string>): string =>
  words.map((word) => escapeText(word, Number.POSITIVE_INFINITY).replaceAll(" ", "\\x20")).join(" ")

/** Whether they can be told at all. */
export const canBeTold = (words: ReadonlyArray<string>): boolean => JSON.stringify(toldWords(words)).length <= mostChars
