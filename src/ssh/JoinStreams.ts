import type { Duplex } from "node:stream"
import { Effect } from "effect"

/** What was written before still goes out; a side that broke off takes the other with it. */
const onceClosed = (closed: Duplex, other: Duplex): void => {
  if (!closed.readableEnded) other.destroy()
  else if (other.writableFinished) other.destroy()
  else other.once("finish", () => other.destroy())
}

/** Passes bytes between two streams, with backpressure, the end of each side and its breaking off, until both are closed. */
export const joinStreams = (one: Duplex, other: Duplex): Effect.Effect<void> =>
  Effect.async((resume) => {
    const onClose = (closed: Duplex, peer: Duplex) => () => {
      onceClosed(closed, peer)
      if (one.closed && other.closed) resume(Effect.void)
    }
    for (const [stream, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      stream.on("error", () => {})
      stream.once("close", onClose(stream, peer))
      if (stream.closed) onClose(stream, peer)()
      stream.pipe(peer)
    }
    return Effect.sync(() => {
      one.destroy()
      other.destroy()
    })
  })
