import type { Duplex } from "node:stream"
import type { AccessGrant } from "../../domain/AccessGrant.ts"

/** Somebody connects to this node through a hub. */
export interface IncomingConnection {
  readonly connectionId: string
  /** `ADDRESS:PORT` of who connects, as the hub saw it. */
  readonly remoteAddress: string
  /** What the hub lets it be used for. */
  readonly grant: AccessGrant
  /** The bytes of one SSH connection; see `WebSocketDuplex`. */
  readonly transport: Duplex
}
