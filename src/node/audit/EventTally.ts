/** Sums, by name: how many, how many bytes. */
export type Amounts = Readonly<Record<string, number>>

/** What was counted under one key. */
export interface Counted {
  readonly key: string
  readonly amounts: Amounts
}

/** The key of what came after there were keys enough. */
export const otherKeys = "others"

/**
 * Bounds what is told of many alike things: the first ones each by itself, the others as sums for each key. The audit log grows
 * by what is told one by one and by the keys, however many things there are.
 */
export class EventTally {
  readonly #maxKeys: number
  readonly #sums = new Map<string, Record<string, number>>()
  #left: number

  constructor(limits: { readonly oneByOne: number; readonly keys: number }) {
    this.#left = limits.oneByOne
    this.#maxKeys = limits.keys
  }

  /** Whether one more is told by itself; if not, it is to be counted. */
  takesOneByOne(): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    return true
  }

  count(key: string, amounts: Amounts): void {
    const known = this.#sums.has(key) || this.#sums.size < this.#maxKeys ? key : otherKeys
    const sums = this.#sums.get(known) ?? {}
    for (const [name, amount] of Object.entries(amounts)) sums[name] = (sums[name] ?? 0) + amount
    this.#sums.set(known, sums)
  }

  /** What was counted since the last time. */
  take(): ReadonlyArray<Counted> {
    const counted = [...this.#sums].map(([key, amounts]) => ({ key, amounts }))
    this.#sums.clear()
    return counted
  }
}
