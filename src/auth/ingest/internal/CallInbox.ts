import type { ServerDuplexStream } from "@grpc/grpc-js"
import { Effect } from "effect"
import { IngestRefused } from "../IngestRefused.ts"

type Outcome = Effect.Effect<void, IngestRefused>

const gone = Effect.fail(
  new IngestRefused({ reason: "unavailable", message: "the stream ended before the recording did" }),
)

/** Whoever takes a call's messages. */
export interface MessageTaker {
  /** Takes a message, at once; true for the last one. Throws `IngestRefused`. */
  readonly take: (message: Uint8Array) => boolean
  /** Whether more may come; else the call is paused until `resume`, and HTTP/2 its sender. */
  readonly hasRoom: () => boolean
}

/**
 * The messages of a call. The first is waited for; the others are handed on in the callback that brings them, for this is
 * the hot path: a fiber's turn for each would cost more than all that is done with them.
 */
export class CallInbox<Response> {
  readonly #call: ServerDuplexStream<Uint8Array, Response>
  #waiting: Array<Uint8Array> = []
  #taker: MessageTaker | undefined
  #done: (outcome: Outcome) => void = () => {}
  #ended = false
  /** After the last message, or one that was wrong, nothing is taken any more. */
  #closed = false

  constructor(call: ServerDuplexStream<Uint8Array, Response>) {
    this.#call = call
    call.on("data", (message: Uint8Array) => this.#receive(message))
    for (const event of ["end", "error", "close", "cancelled"]) call.on(event, () => this.#end())
  }

  /** The first message; the call is paused behind it. */
  readonly first: Effect.Effect<Uint8Array, IngestRefused> = Effect.suspend(() =>
    Effect.async<void, IngestRefused>((resume) => {
      this.#done = resume
      if (this.#waiting.length > 0) resume(Effect.void)
      else if (this.#ended) resume(gone)
    }),
  ).pipe(Effect.map(() => this.#waiting.shift() ?? new Uint8Array(0)))

  /** Hands all the others to `taker`; completes with the last, fails when the sender ends before or the taker throws. */
  others(taker: MessageTaker): Effect.Effect<void, IngestRefused> {
    return Effect.async((resume) => {
      this.#done = resume
      this.#taker = taker
      const waiting = this.#waiting
      this.#waiting = []
      for (const message of waiting) this.#receive(message)
      if (this.#ended) this.#end()
      this.resume()
    })
  }

  /** There may be room again. */
  resume(): void {
    if (this.#call.isPaused() && this.#taker?.hasRoom() === true) this.#call.resume()
  }

  #receive(message: Uint8Array): void {
    if (this.#closed) return
    if (this.#taker === undefined) {
      this.#waiting.push(message)
      this.#call.pause()
      this.#done(Effect.void)
      return
    }
    try {
      this.#closed = this.#taker.take(message)
      if (this.#closed) this.#done(Effect.void)
      else if (!this.#taker.hasRoom()) this.#call.pause()
    } catch (error) {
      this.#closed = true
      this.#done(error instanceof IngestRefused ? Effect.fail(error) : Effect.die(error))
    }
  }

  #end(): void {
    this.#ended = true
    this.#done(gone)
  }
}
