import type { Duplex } from "node:stream"
import type { Effect, Stream } from "effect"
import type { ForwardedTcpip } from "./ForwardedTcpip.ts"

/** A connection that a server passes on to its client, which waits for its answer. */
export interface IncomingTcpip extends ForwardedTcpip {
  /** Its bytes, as `DirectForward.accept` gives them. */
  readonly accept: Effect.Effect<Duplex>
  readonly reject: (message: string) => Effect.Effect<void>
}

/** Where a server listens for its client. */
export interface RemoteListener {
  readonly port: number
  /** For one consumer; ends with the connection. Those that nobody takes in time are refused. */
  readonly connections: Stream.Stream<IncomingTcpip>
}
