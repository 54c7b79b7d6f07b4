/** About as many as come within the life of a token; each takes some 200 bytes. */
const most = 20_000

/** Used tokens that could not be written down: a hub of its own serves also while its disk is full. */
export class UnwrittenTokens {
  readonly #untilMs = new Map<string, number>()

  has(key: string): boolean {
    return this.#untilMs.has(key)
  }

  /** Whether there is room for one more, by forgetting those that were good until before then at the longest. */
  add(key: string, untilMs: number, forgetBeforeMs: number): boolean {
    if (this.#untilMs.size >= most) this.#forget(forgetBeforeMs)
    if (this.#untilMs.size >= most) return false
    this.#untilMs.set(key, untilMs)
    return true
  }

  #forget(beforeMs: number): void {
    for (const [key, untilMs] of this.#untilMs) if (untilMs < beforeMs) this.#untilMs.delete(key)
  }
}
