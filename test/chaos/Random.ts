import { createHash } from "node:crypto"

/** Numbers that a seed decides, and nothing else (mulberry32). */
export class Random {
  readonly #seed: number
  #state: number

  /** `seed`: an integer from 0 to 2^32-1. */
  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = this.#seed
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer, both ends included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** One of these, of which there is one at least. */
  pick<A>(values: ReadonlyArray<A>): A {
    const picked = values[this.integer(0, values.length - 1)]
    if (picked === undefined) throw new RangeError("nothing to pick from")
    return picked
  }

  /** True in `share` of all cases. */
  chance(share: number): boolean {
    return this.next() < share
  }

  /** Numbers of their own, which the seed and this label decide, whatever was drawn here before. */
  fork(label: string): Random {
    return new Random(createHash("sha256").update(`${this.#seed} ${label}`).digest().readUInt32BE())
  }
}
