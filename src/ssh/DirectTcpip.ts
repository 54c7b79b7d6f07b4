import type { Duplex } from "node:stream"
import type { Effect } from "effect"

/** A client's request for a connection to `host:port` through the server (RFC 4254 section 7.2). */
export interface DirectTcpip {
  readonly host: string
  readonly port: number
  readonly originAddress: string
  readonly originPort: number
  /**
   * The connection's bytes, with backpressure both ways; its two directions end one by one. It never emits `error`: it closes. It
   * is closed with the connection.
   */
  readonly accept: Effect.Effect<Duplex>
  /** Refuses; the client shows `message`. */
  readonly reject: (message: string) => Effect.Effect<void>
}
