import type { Duplex } from "node:stream"

/** Somebody connects to this node through a hub. */
export interface IncomingConnection {
  readonly connectionId: string
  /** `ADDRESS:PORT` of who connects, as the hub saw it. */
  readonly remoteAddress: string
  /** The bytes of one SSH connection; see `WebSocketDuplex`. */
  readonly transport: Duplex
}
