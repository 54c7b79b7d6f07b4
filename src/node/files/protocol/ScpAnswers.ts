import { TransferGarbled } from "../TransferGarbled.ts"

/** A message's text has no more bytes; OpenSSH's buffer has 2 KiB. */
const longestText = 4096
const newLine = 0x0a

/** Answers that may come before they are due. */
const mostEarly = 64

/** What the side of `scp` that takes files says: 0, or 1 or 2 and a line that says what went wrong. */
export class ScpAnswers {
  readonly #results: Array<string> = []
  #text: Array<number> | undefined

  /** How many bytes were taken; the rest is to wait. */
  push(bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length && this.#results.length < mostEarly) {
      this.#take(bytes[at] ?? 0)
      at += 1
    }
    return at
  }

  /** The next answer, `ok` or why not; undefined where there is none yet. */
  shift(): string | undefined {
    return this.#results.shift()
  }

  #take(byte: number): void {
    if (this.#text === undefined) this.#begin(byte)
    else if (byte === newLine) this.#finish(this.#text)
    else if (this.#text.length < longestText) this.#text.push(byte)
    else throw new TransferGarbled({ message: "an answer of scp is too long" })
  }

  #begin(byte: number): void {
    if (byte === 0) this.#results.push("ok")
    else if (byte <= 2) this.#text = []
    else throw new TransferGarbled({ message: "what scp was answered is none of its protocol" })
  }

  #finish(text: ReadonlyArray<number>): void {
    this.#text = undefined
    this.#results.push(Buffer.from(text).toString("utf8") || "failed")
  }
}
