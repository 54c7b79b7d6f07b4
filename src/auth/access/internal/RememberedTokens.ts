/** As many of one subject's tokens are remembered: more calls than anybody makes while a token lives. */
const mostOfOne = 20_000
const sweepEveryMs = 60_000

/**
 * Which tokens were used, until they have expired: each is good once. Only tokens whose signature holds come here, so that nobody
 * fills it in another's name; whoever makes more than 20,000 in their time makes the own oldest ones good again.
 */
export class RememberedTokens {
  /** By subject: when each token is forgotten, in Unix milliseconds. Maps keep the order in which they were used. */
  readonly #used = new Map<string, Map<string, number>>()
  #sweptMs = 0

  /** Whether it is used for the first time; `untilMs`: when nobody would take it any more. */
  use(subject: string, tokenId: string, untilMs: number, nowMs: number): boolean {
    this.#sweep(nowMs)
    const own = this.#used.get(subject) ?? new Map<string, number>()
    if (own.has(tokenId)) return false
    own.set(tokenId, untilMs)
    this.#used.set(subject, own)
    const [oldest] = own.keys()
    if (own.size > mostOfOne && oldest !== undefined) own.delete(oldest)
    return true
  }

  #sweep(nowMs: number): void {
    if (Math.abs(nowMs - this.#sweptMs) < sweepEveryMs) return
    this.#sweptMs = nowMs
    for (const [subject, own] of this.#used) {
      for (const [tokenId, untilMs] of own) if (untilMs < nowMs) own.delete(tokenId)
      if (own.size === 0) this.#used.delete(subject)
    }
  }
}
