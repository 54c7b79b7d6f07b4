import { type MinuteCount, noneInMinute, oneMore } from "../../../domain/MinuteCount.ts"

/** How many events of a kind are told one by one in a minute of the clock; the others are counted. */
export class MinuteBudget {
  readonly #most: number
  #used: MinuteCount = noneInMinute

  constructor(most: number) {
    this.#most = most
  }

  /** Whether one more may be told. */
  take(nowMs: number): boolean {
    const used = oneMore(this.#used, nowMs)
    if (used.count > this.#most) return false
    this.#used = used
    return true
  }
}
