import { Option } from "effect"

/** A word of a command, as a shell would pass it on. */
export interface ShellWord {
  readonly text: string
  /** Whether it begins with `~` or `~/` that a shell would replace by the account's home. */
  readonly fromHome: boolean
}

/** What no shell gives a meaning to, wherever it stands in a word. */
const plain = /[A-Za-z0-9_@%+=:,./\u0080-\u{10ffff}-]/u
const printable = /[\x20-\x7e\u00a0-\u{10ffff}]/u
/** What decoding puts where bytes were no text. */
const undecodable = "\ufffd"

/** Reads a word; undefined where a shell would do more than to take quotes off. */
class WordReader {
  readonly #characters: ReadonlyArray<string>
  #at = 0

  constructor(command: string) {
    this.#characters = [...command]
  }

  get atEnd(): boolean {
    return this.#at >= this.#characters.length
  }

  skipBlanks(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#at += 1
  }

  word(): ShellWord | undefined {
    const fromHome = this.#peek() === "~"
    let text = fromHome ? this.#next() : ""
    if (fromHome && !["/", " ", "\t", ""].includes(this.#peek())) return undefined
    while (!this.atEnd && this.#peek() !== " " && this.#peek() !== "\t") {
      const part = this.#part(this.#next())
      if (part === undefined) return undefined
      text += part
    }
    return { text, fromHome }
  }

  #peek(): string {
    return this.#characters[this.#at] ?? ""
  }

  #next(): string {
    const character = this.#peek()
    this.#at += 1
    return character
  }

  #part(first: string): string | undefined {
    if (first === "'") return this.#quoted("'", () => undefined)
    if (first === '"') return this.#quoted('"', (character) => this.#inDoubleQuotes(character))
    if (first === "\\") return this.#literal(this.#next())
    return plain.test(first) && first !== undecodable ? first : undefined
  }

  #literal(character: string): string | undefined {
    return printable.test(character) && character !== undecodable ? character : undefined
  }

  /** Until the closing quote; `special` gives what a character means there, undefined for itself. */
  #quoted(quote: string, special: (character: string) => string | undefined | null): string | undefined {
    let text = ""
    for (let next = this.#next(); next !== quote; next = this.#next()) {
      const meant = special(next)
      const part = meant === undefined ? this.#literal(next) : meant
      if (part === undefined || part === null) return undefined
      text += part
    }
    return text
  }

  /** POSIX, Shell Command Language, 2.2.3; null where a shell would expand something. */
  #inDoubleQuotes(character: string): string | undefined | null {
    if (character === "$" || character === "`" || character === "!") return null
    if (character !== "\\") return undefined
    return ["$", "`", '"', "\\"].includes(this.#peek()) ? this.#next() : "\\"
  }
}

/**
 * The words of a command that a POSIX shell would do nothing to but take quotes and backslashes off; none where there is anything
 * else in it: operators, expansions, patterns, comments, control characters. It is never given to a shell afterwards.
 */
export const shellWords = (command: string): Option.Option<ReadonlyArray<ShellWord>> => {
  const reader = new WordReader(command)
  const words: Array<ShellWord> = []
  for (reader.skipBlanks(); !reader.atEnd; reader.skipBlanks()) {
    const word = reader.word()
    if (word === undefined) return Option.none()
    words.push(word)
  }
  return Option.some(words)
}
