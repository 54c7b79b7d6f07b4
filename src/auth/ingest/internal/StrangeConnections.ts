import type { Duplex } from "node:stream"

/** What names a connection for as long as it is there: the peer's address and port, as grpc-js gives them too. */
const peerOf = (connection: Duplex): string => {
  const { remoteAddress = "unknown", remotePort } = connection as {
    readonly remoteAddress?: string
    readonly remotePort?: number
  }
  return remotePort === undefined ? remoteAddress : `${remoteAddress}:${remotePort}`
}

/** HTTP/2 connections on which nobody has made itself known yet. */
export class StrangeConnections {
  readonly #limitMs: number
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** Cuts it off when its time is over. */
  watch(connection: Duplex): void {
    const peer = peerOf(connection)
    const timer = setTimeout(() => connection.destroy(), this.#limitMs)
    this.#timers.set(peer, timer)
    connection.once("close", () => {
      clearTimeout(timer)
      if (this.#timers.get(peer) === timer) this.#timers.delete(peer)
    })
  }

  /** A call proved who is at the other end: the connection may stay. */
  known(call: { readonly getPeer: () => string }): void {
    clearTimeout(this.#timers.get(call.getPeer()))
  }
}
