import type { WebSocket } from "ws"

/** In milliseconds. */
export interface Heartbeat {
  readonly intervalMs: number
  /** How long a peer may say nothing at all. */
  readonly deadAfterMs: number
}

export const defaultHeartbeat: Heartbeat = { intervalMs: 10_000, deadAfterMs: 25_000 }

/**
 * Pings the peer, and cuts the connection once nothing was heard of it for `deadAfterMs`. For connections whose peer
 * always reads: one that holds back its reading to slow a sender down answers no ping either. Ends with the connection,
 * or by the function that is given back.
 */
export const watchHeartbeat = (socket: WebSocket, { intervalMs, deadAfterMs }: Heartbeat): (() => void) => {
  let heardAt = performance.now()
  const hear = () => {
    heardAt = performance.now()
  }
  const events = ["message", "ping", "pong"] as const
  for (const event of events) socket.on(event, hear)
  const timer = setInterval(() => {
    if (performance.now() - heardAt > deadAfterMs) return socket.terminate()
    if (socket.readyState === socket.OPEN) socket.ping()
  }, intervalMs)
  const stop = () => {
    clearInterval(timer)
    for (const event of events) socket.off(event, hear)
  }
  socket.once("close", stop)
  return stop
}

/** Pings now and then, so that what lies between does not take the connection for idle; never cuts it. */
export const keepWarm = (socket: WebSocket, intervalMs: number): void => {
  const timer = setInterval(() => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount === 0) socket.ping()
  }, intervalMs)
  socket.once("close", () => clearInterval(timer))
}
