/** Events that wait, first in first out, as long as they have room. */
export class BoundedEvents<A> {
  readonly #capacity: number
  readonly #bytesOf: (event: A) => number
  #events: Array<A> = []
  #from = 0
  #bytes = 0

  /** `capacity`: how many bytes may wait, as `bytesOf` tells them. */
  constructor(capacity: number, bytesOf: (event: A) => number) {
    this.#capacity = capacity
    this.#bytesOf = bytesOf
  }

  /** Whether there was room; one event always has it where nothing waits. */
  add(event: A): boolean {
    const bytes = this.#bytesOf(event)
    if (this.#bytes > 0 && this.#bytes + bytes > this.#capacity) return false
    this.#bytes += bytes
    this.#events.push(event)
    return true
  }

  /** The oldest: as many as have `most` bytes together, and one more. */
  take(most: number): ReadonlyArray<A> {
    const start = this.#from
    for (let bytes = 0; this.#from < this.#events.length && bytes < most; this.#from++) {
      const event = this.#events[this.#from]
      if (event !== undefined) bytes += this.#bytesOf(event)
    }
    const taken = this.#events.slice(start, this.#from)
    for (const event of taken) this.#bytes -= this.#bytesOf(event)
    this.#compact()
    return taken
  }

  /** Lets go of what was taken, seldom enough that it costs little. */
  #compact(): void {
    if (2 * this.#from < this.#events.length) return
    this.#events = this.#events.slice(this.#from)
    this.#from = 0
  }
}
