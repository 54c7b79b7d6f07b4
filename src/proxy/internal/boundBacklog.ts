import type { WebSocket } from "ws"
import { maxBuffered } from "../../api/transport/WebSocketDuplex.ts"

const lookEveryMs = 20

/**
 * Takes requests only as fast as their answers are taken: a client that asks and asks and reads nothing must not fill the
 * hub's memory. One that reads nothing for `patienceMs` is cut off.
 */
export const boundBacklog = (socket: WebSocket, patienceMs = 60_000): void => {
  let timer: NodeJS.Timeout | undefined
  const look = (since: number): void => {
    if (socket.bufferedAmount > maxBuffered / 2) {
      if (performance.now() - since > patienceMs) socket.terminate()
      return
    }
    clearInterval(timer)
    timer = undefined
    socket.resume()
  }
  socket.on("message", () => {
    if (timer !== undefined || socket.bufferedAmount <= maxBuffered) return
    socket.pause()
    const since = performance.now()
    timer = setInterval(() => look(since), lookEveryMs)
  })
  socket.once("close", () => clearInterval(timer))
}
