import { Chunk, Effect, Option, Stream } from "effect"

/**
 * A bounded queue between a callback and one consumer, which takes all that is there at once: one effect per batch, not
 * per element. What happens when it is full is the producer's choice, see {@link PullQueue.offer}.
 */
export class PullQueue<A> {
  readonly #capacity: number
  readonly #onTaken: () => void
  #elements: Array<A> = []
  #ended = false
  #wake: (() => void) | undefined

  /** `onTaken` is called whenever the consumer has emptied the queue or begins to wait. */
  constructor(capacity: number, onTaken: () => void = () => undefined) {
    this.#capacity = capacity
    this.#onTaken = onTaken
  }

  /** Adds an element; false, and nothing happens, where the queue is full or ended. */
  offer(element: A): boolean {
    if (this.#ended || this.#elements.length >= this.#capacity) return false
    this.#elements.push(element)
    this.#notify()
    return true
  }

  /** Replaces whatever waits by this element. */
  replace(element: A): void {
    if (this.#ended) return
    this.#elements = [element]
    this.#notify()
  }

  /** No more elements; those that wait are still delivered. */
  end(): void {
    this.#ended = true
    this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  readonly #take: Effect.Effect<Chunk.Chunk<A>, Option.Option<never>> = Effect.suspend(() => {
    if (this.#elements.length > 0) {
      const taken = Chunk.unsafeFromArray(this.#elements)
      this.#elements = []
      this.#onTaken()
      return Effect.succeed(taken)
    }
    if (this.#ended) return Effect.fail(Option.none())
    return Effect.zipRight(this.#nonEmpty, this.#take)
  })

  readonly #nonEmpty: Effect.Effect<void> = Effect.async((resume) => {
    if (this.#elements.length > 0 || this.#ended) return resume(Effect.void)
    this.#wake = () => resume(Effect.void)
    this.#onTaken()
    return Effect.sync(() => {
      this.#wake = undefined
    })
  })

  /** The elements; for one consumer. */
  readonly stream: Stream.Stream<A> = Stream.repeatEffectChunkOption(this.#take)
}
