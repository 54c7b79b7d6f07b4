import type { ServerDuplexStream } from "@grpc/grpc-js"
import { Effect, Queue } from "effect"
import { IngestRefused } from "../IngestRefused.ts"

/** Messages that may wait before their sender has to; each is at most 4 MiB, and an agent's mostly 32 KiB. */
const capacity = 16

const gone = new IngestRefused({ reason: "unavailable", message: "the stream ended before the recording did" })

/**
 * The messages of a call, in order. A reader that is slow pauses the call, and HTTP/2 its sender. `take` fails once the
 * sender has ended the call or is gone, and all that came before is taken.
 */
export const inbox = <Response>(call: ServerDuplexStream<Uint8Array, Response>) =>
  Effect.gen(function* () {
    const messages = yield* Effect.acquireRelease(Queue.unbounded<Uint8Array | undefined>(), Queue.shutdown)
    let waiting = 0
    call.on("data", (message: Uint8Array) => {
      waiting += 1
      if (waiting === capacity) call.pause()
      messages.unsafeOffer(message)
    })
    call.on("end", () => messages.unsafeOffer(undefined))
    call.on("error", () => messages.unsafeOffer(undefined))
    const take = Effect.flatMap(Queue.take(messages), (message) => {
      if (message === undefined) return Effect.fail(gone)
      waiting -= 1
      if (waiting === capacity / 2) call.resume()
      return Effect.succeed(message)
    })
    return { take }
  })
