import type { RawText } from "../../../domain/RawText.ts"

/** Names that are counted apart; the others are counted together. */
const mostNames = 32
const others = "(others)"

/** Counts what is not told one by one, by names. */
export class Tally {
  #count = 0
  readonly #names = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#count === 0
  }

  add(name: RawText): void {
    const text = typeof name === "string" ? name.slice(0, 64) : "(not UTF-8)"
    const key = this.#names.has(text) || this.#names.size < mostNames ? text : others
    this.#count += 1
    this.#names.set(key, (this.#names.get(key) ?? 0) + 1)
  }

  /** What was counted since the last time. */
  take(): { readonly count: number; readonly names: Readonly<Record<string, number>> } {
    const taken = { count: this.#count, names: Object.fromEntries(this.#names) }
    this.#count = 0
    this.#names.clear()
    return taken
  }
}
