import { Effect } from "effect"
import type { RawData, WebSocket } from "ws"
import { closeGently } from "../../api/transport/CloseGently.ts"
import { maxBuffered } from "../../api/transport/WebSocketDuplex.ts"

const binary = { binary: true }

const pump = (from: WebSocket, to: WebSocket, count: (bytes: number) => void): void => {
  const resume = () => from.resume()
  from.on("message", (data: RawData, isBinary: boolean) => {
    if (!isBinary) return closeGently(from, 1003, "only bytes are relayed")
    const bytes = data as Buffer
    count(bytes.length)
    if (to.bufferedAmount < maxBuffered) return to.send(bytes, binary)
    from.pause()
    to.send(bytes, binary, resume)
  })
  from.on("error", () => {})
}

/** Bytes that were relayed, each way. */
export interface Relayed {
  readonly forth: number
  readonly back: number
}

/**
 * Passes messages between two WebSockets until both are closed; when one closes, so does the other. Holds `maxBuffered`
 * bytes and what one read gives, each way. Both must be paused, and are closed when this is interrupted.
 */
export const relay = (one: WebSocket, other: WebSocket): Effect.Effect<Relayed> =>
  Effect.async((resume) => {
    let forth = 0
    let back = 0
    const onClose = (peer: WebSocket) => () => {
      if (one.readyState === one.CLOSED && other.readyState === other.CLOSED) {
        return resume(Effect.succeed({ forth, back }))
      }
      closeGently(peer)
    }
    const closeBoth = () => {
      closeGently(one)
      closeGently(other)
    }
    pump(one, other, (bytes) => {
      forth += bytes
    })
    pump(other, one, (bytes) => {
      back += bytes
    })
    one.on("close", onClose(other))
    other.on("close", onClose(one))
    if (one.readyState === one.CLOSED || other.readyState === other.CLOSED) closeBoth()
    one.resume()
    other.resume()
    return Effect.sync(closeBoth)
  })
