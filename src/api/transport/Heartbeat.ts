import type { WebSocket } from "ws"

/** In milliseconds. */
export interface Heartbeat {
  readonly intervalMs: number
  /** How long a peer may say nothing at all. */
  readonly deadAfterMs: number
}

export const defaultHeartbeat: Heartbeat = { intervalMs: 10_000, deadAfterMs: 25_000 }

/** Between users and the hub: laptops sleep, and mobile networks are away for a while. */
export const userHeartbeat: Heartbeat = { intervalMs: 20_000, deadAfterMs: 50_000 }

/**
 * Pings the peer, and cuts the connection once nothing was heard of it for `deadAfterMs`. For connections whose peer
 * always reads: one that holds back its reading to slow a sender down answers no ping either. Ends with the connection,
 * or by the function that is given back.
 */
export const watchHeartbeat = (socket: WebSocket, heartbeat: Heartbeat): (() => void) =>
  watch(socket, heartbeat, () => true)

/**
 * Pings the peer now and then, so that what lies between does not take the connection for idle, and cuts it once nothing was
 * heard of the peer for `deadAfterMs`, which has to do the same: its own pings come also while it does not read. While this
 * side holds back its reading, silence says nothing.
 */
export const keepWarm = (socket: WebSocket, heartbeat: Heartbeat): void => {
  watch(socket, heartbeat, () => socket.bufferedAmount === 0)
}

const signs = ["message", "ping", "pong"] as const

const watch = (socket: WebSocket, { intervalMs, deadAfterMs }: Heartbeat, mayPing: () => boolean): (() => void) => {
  let heardAt = performance.now()
  let lookedAt = heardAt
  const hear = () => {
    heardAt = performance.now()
  }
  for (const sign of signs) socket.on(sign, hear)
  const timer = setInterval(() => {
    const now = performance.now()
    // A process that was stopped for a while has not heard yet what came meanwhile.
    if (socket.isPaused || now - lookedAt > 2 * intervalMs) heardAt = now
    lookedAt = now
    if (now - heardAt > deadAfterMs) return socket.terminate()
    if (socket.readyState === socket.OPEN && mayPing()) socket.ping()
  }, intervalMs)
  const stop = () => {
    clearInterval(timer)
    for (const sign of signs) socket.off(sign, hear)
  }
  socket.once("close", stop)
  return stop
}
