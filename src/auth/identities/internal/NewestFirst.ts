import { Deferred, Effect, FiberId } from "effect"

export interface NewestFirstLimits<E> {
  readonly atOnce: number
  readonly waiting: number
  /** What one that is given up fails with. */
  readonly overtaken: E
}

/**
 * Lets so many effects run at once. Of those that wait, the newest is next, and where one too many waits, the oldest is given up:
 * in a flood nearly all who wait are the flood, and who comes alone has the next turn instead of the last.
 */
export class NewestFirst<E> {
  #running = 0
  readonly #waiting: Array<Deferred.Deferred<void, E>> = []
  readonly #limits: NewestFirstLimits<E>

  constructor(limits: NewestFirstLimits<E>) {
    this.#limits = limits
  }

  run<A, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      this.#turn,
      () => effect,
      () => this.#next,
    )
  }

  readonly #next = Effect.suspend(() => {
    const newest = this.#waiting.pop()
    if (newest !== undefined) return Effect.asVoid(Deferred.succeed(newest, undefined))
    this.#running -= 1
    return Effect.void
  })

  readonly #turn = Effect.suspend((): Effect.Effect<void, E> => {
    if (this.#running < this.#limits.atOnce) {
      this.#running += 1
      return Effect.void
    }
    const own = Deferred.unsafeMake<void, E>(FiberId.none)
    this.#waiting.push(own)
    const oldest = this.#waiting.length > this.#limits.waiting ? this.#waiting.shift() : undefined
    const giveUp = oldest === undefined ? Effect.void : Deferred.fail(oldest, this.#limits.overtaken)
    return Effect.zipRight(giveUp, this.#wait(own))
  })

  /** Who goes away while it waits leaves its place, or the turn that it was given that moment. */
  #wait(own: Deferred.Deferred<void, E>): Effect.Effect<void, E> {
    return Effect.onInterrupt(Effect.interruptible(Deferred.await(own)), () => {
      const place = this.#waiting.indexOf(own)
      if (place < 0)
        return Effect.matchEffect(Deferred.await(own), { onSuccess: () => this.#next, onFailure: () => Effect.void })
      this.#waiting.splice(place, 1)
      return Effect.void
    })
  }
}
