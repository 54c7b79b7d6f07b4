import { WebSocket } from "ws"

/** Closes by handshake; cuts off whoever does not answer it within 2 s. `reason` has 123 bytes at most. */
export const closeGently = (socket: WebSocket, code = 1000, reason = ""): void => {
  if (socket.readyState === WebSocket.CLOSED) return
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.terminate()
    return
  }
  socket.resume()
  socket.close(code, reason)
  const timer = setTimeout(() => socket.terminate(), 2_000)
  timer.unref()
  socket.once("close", () => clearTimeout(timer))
}
