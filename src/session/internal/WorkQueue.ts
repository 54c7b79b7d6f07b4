import { Effect } from "effect"

/** Work that plain code adds, and one fiber does, in order. Whoever adds waits for `room` after. */
export class WorkQueue<A> {
  readonly #items: Array<A> = []
  readonly #capacity: number
  readonly #sizeOf: (item: A) => number
  readonly #there = Effect.unsafeMakeLatch(false)
  readonly #room = Effect.unsafeMakeLatch(true)
  readonly #idle = Effect.unsafeMakeLatch(true)
  #size = 0
  #undone = 0

  /** `capacity`: how much may wait, as `sizeOf` tells it, before there is no room. */
  constructor(capacity: number, sizeOf: (item: A) => number) {
    this.#capacity = capacity
    this.#sizeOf = sizeOf
  }

  add(item: A): void {
    this.#items.push(item)
    this.#size += this.#sizeOf(item)
    this.#undone += 1
    this.#idle.unsafeClose()
    this.#there.unsafeOpen()
    if (this.#size >= this.#capacity) this.#room.unsafeClose()
  }

  /** Completes when there is room for more. */
  readonly room: Effect.Effect<void> = this.#room.await

  /** Completes when all is done. */
  readonly idle: Effect.Effect<void> = this.#idle.await

  /** Does one item after the other, for ever; fails with the first that does. To be run once at a time. */
  work<E>(perform: (item: A) => Effect.Effect<void, E>): Effect.Effect<never, E> {
    const next: Effect.Effect<void, E> = Effect.suspend(() => {
      const item = this.#items.shift()
      if (item !== undefined) return Effect.map(perform(item), () => this.#done(item))
      this.#there.unsafeClose()
      return this.#there.await
    })
    return Effect.forever(next)
  }

  #done(item: A): void {
    this.#size -= this.#sizeOf(item)
    this.#undone -= 1
    if (this.#undone === 0) this.#idle.unsafeOpen()
    if (this.#size < this.#capacity) this.#room.unsafeOpen()
  }
}
