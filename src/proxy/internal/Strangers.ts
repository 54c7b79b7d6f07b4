import { networkOf } from "../../domain/networkOf.ts"

/** How many connections there may be of whom nobody knows who it is, at once. */
export interface StrangerLimits {
  readonly most: number
  /** From one address, and of IPv6 from one /64: so that one stranger leaves room for others. */
  readonly mostOfOne: number
}

/** Counts connections until it is known whose they are. */
export class Strangers {
  readonly #limits: StrangerLimits
  readonly #byNetwork = new Map<string, number>()
  #all = 0

  constructor(limits: StrangerLimits) {
    this.#limits = limits
  }

  /** Counts one in, and gives the function that counts it out, once; nothing where there are enough already. */
  enter(remoteAddress: string): (() => void) | undefined {
    const network = networkOf(remoteAddress)
    const ofOne = this.#byNetwork.get(network) ?? 0
    if (this.#all >= this.#limits.most || ofOne >= this.#limits.mostOfOne) return undefined
    this.#all += 1
    this.#byNetwork.set(network, ofOne + 1)
    let isIn = true
    return () => {
      if (!isIn) return
      isIn = false
      this.#leave(network)
    }
  }

  #leave(network: string): void {
    this.#all -= 1
    const left = (this.#byNetwork.get(network) ?? 1) - 1
    if (left === 0) this.#byNetwork.delete(network)
    else this.#byNetwork.set(network, left)
  }
}
