import { Effect } from "effect"

interface Waiter<E> {
  readonly level: number
  readonly resume: (effect: Effect.Effect<number, E>) => void
}

/**
 * A number that only grows, until it fails for good: bytes written, frames durable. Whoever raises it is plain code;
 * whoever waits is a fiber.
 */
export class Watermark<E> {
  #value: number
  #failure: Effect.Effect<never, E> | undefined
  #waiters: Array<Waiter<E>> = []
  #listeners: Array<(value: number) => void> = []

  constructor(value: number) {
    this.#value = value
  }

  get value(): number {
    return this.#value
  }

  get failed(): boolean {
    return this.#failure !== undefined
  }

  raise(value: number): void {
    if (value <= this.#value || this.#failure !== undefined) return
    this.#value = value
    for (const listener of this.#listeners) listener(value)
    if (this.#waiters.length === 0) return
    const due = this.#waiters.filter((waiter) => waiter.level <= value)
    this.#waiters = this.#waiters.filter((waiter) => waiter.level > value)
    for (const waiter of due) waiter.resume(Effect.succeed(value))
  }

  /** Tells plain code each time that it has grown, until the function that it gives is called. */
  listen(listener: (value: number) => void): () => void {
    this.#listeners = [...this.#listeners, listener]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener)
    }
  }

  /** Ends all waiting, now and later. The first failure stays. */
  fail(error: E): void {
    if (this.#failure !== undefined) return
    const failure = Effect.fail(error)
    this.#failure = failure
    for (const waiter of this.#waiters) waiter.resume(failure)
    this.#waiters = []
  }

  /** Completes with the value once that is `level` or more. */
  reaches(level: number): Effect.Effect<number, E> {
    return Effect.suspend(() => {
      if (this.#value >= level) return Effect.succeed(this.#value)
      if (this.#failure !== undefined) return this.#failure
      return Effect.async<number, E>((resume) => {
        const waiter = { level, resume }
        this.#waiters.push(waiter)
        return Effect.sync(() => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter)
        })
      })
    })
  }

  /** Never succeeds. */
  readonly failure: Effect.Effect<never, E> = Effect.zipRight(
    Effect.suspend(() => this.reaches(Number.POSITIVE_INFINITY)),
    Effect.never,
  )
}
