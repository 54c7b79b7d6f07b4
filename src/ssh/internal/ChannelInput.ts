import type { Readable } from "node:stream"
import type { Stream } from "effect"
import { PullQueue } from "./PullQueue.ts"

/** Bytes that are taken from a channel ahead of its consumer. */
const batchBytes = 256 * 1024

/**
 * A channel's bytes as a stream for one consumer. Nothing beyond a batch is read ahead: who does not pull stops the
 * channel's window. Ends at the peer's end of file, or when the channel closes. The channel's own buffers are passed on, not copied.
 */
export const channelInput = (readable: Readable): Stream.Stream<Uint8Array> => {
  let waiting = 0
  const queue = new PullQueue<Uint8Array>(Number.POSITIVE_INFINITY, () => {
    waiting = 0
    readable.resume()
  })
  readable.on("data", (bytes: Buffer) => {
    waiting += bytes.length
    if (waiting >= batchBytes) readable.pause()
    queue.offer(bytes)
  })
  readable.on("end", () => queue.end()).on("close", () => queue.end())
  readable.pause()
  return queue.stream
}
