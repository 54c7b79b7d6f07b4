import { Chunk, Effect, Option, Stream } from "effect"
import type { TerminalOutput } from "../../../session/Terminal.ts"
import { OutputCoalescer } from "../OutputCoalescer.ts"

/**
 * Where callbacks that bring output meet the stream that is pulled. Whoever pushes stops when `push` says false, and goes on
 * when `onRoom` is called, which is after each pull that took something.
 */
export class OutputSource {
  readonly #coalescer = new OutputCoalescer(
    () => this.#wake(),
    () => this.#waiting !== undefined,
  )
  readonly #onRoom: () => void
  readonly #onConsumed: () => void
  #waiting: (() => void) | undefined
  #ended = false

  /** `onConsumed` is called once the reader has seen the end. */
  constructor(onRoom: () => void, onConsumed: () => void) {
    this.#onRoom = onRoom
    this.#onConsumed = onConsumed
  }

  get hasRoom(): boolean {
    return this.#coalescer.hasRoom
  }

  /** Takes a copy of `bytes`; returns whether there is room for more. */
  push(stream: TerminalOutput["stream"], bytes: Uint8Array): boolean {
    return this.#coalescer.push(stream, bytes)
  }

  /** No output comes any more; what is held is still to be read. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#coalescer.flush()
    this.#coalescer.close()
    this.#wake()
  }

  /** To be run once, and by one reader. */
  readonly stream: Stream.Stream<TerminalOutput> = Stream.repeatEffectChunkOption(Effect.suspend(() => this.#pull()))

  #pull(): Effect.Effect<Chunk.Chunk<TerminalOutput>, Option.Option<never>> {
    const taken = this.#coalescer.take()
    if (taken.length > 0) {
      this.#onRoom()
      return Effect.succeed(Chunk.unsafeFromArray(taken))
    }
    if (this.#ended) {
      this.#onConsumed()
      return Effect.fail(Option.none())
    }
    return Effect.zipRight(
      this.#woken,
      Effect.suspend(() => this.#pull()),
    )
  }

  readonly #woken = Effect.async<void>((resume) => {
    this.#waiting = () => resume(Effect.void)
    return Effect.sync(() => {
      this.#waiting = undefined
    })
  })

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }
}
