import type { Duplex } from "node:stream"
import { Data, type Effect } from "effect"

/** Where a client wants to be connected to: a TCP port (RFC 4254 section 7.2), or a unix socket (OpenSSH's PROTOCOL, section 2.4). */
export type ForwardTarget = Data.TaggedEnum<{
  Tcp: { readonly host: string; readonly port: number }
  Unix: { readonly path: string }
}>
export const ForwardTarget = Data.taggedEnum<ForwardTarget>()

/** A client's request for a connection through the server. */
export interface DirectForward {
  readonly target: ForwardTarget
  /** Who connected at the client's side; empty and 0 for a unix socket. */
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
