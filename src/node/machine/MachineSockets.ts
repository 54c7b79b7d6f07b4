import type { Duplex } from "node:stream"
import type { Effect, Option, Scope } from "effect"
import type { ForwardFailed } from "../forwarding/ForwardFailed.ts"

/** A connection that somebody made to where the machine listens for a client. Either is to be run, once. */
export interface AcceptedSocket {
  readonly originAddress: string
  readonly originPort: number
  /** Its bytes; to be destroyed by whoever accepts it. */
  readonly accept: Effect.Effect<Duplex>
  readonly reject: Effect.Effect<void>
}

/** A connection that the machine made for a client. */
export interface ConnectedSocket {
  readonly socket: Duplex
  /** Where it goes, as a number, if that is known here. */
  readonly address: Option.Option<string>
}

/** Sockets of the machine, with a login's rights. Their two directions end one by one, and they never emit an unheard `error`. */
export interface MachineSockets {
  /** A connection to `host:port`; destroyed with the scope. */
  readonly connect: (host: string, port: number) => Effect.Effect<ConnectedSocket, ForwardFailed, Scope.Scope>
  readonly connectUnix: (path: string) => Effect.Effect<ConnectedSocket, ForwardFailed, Scope.Scope>
  /** Listens at a numeric address, as long as the scope; port 0: any that is free. Gives the port. */
  readonly listen: (
    address: string,
    port: number,
    onSocket: (socket: AcceptedSocket) => void,
  ) => Effect.Effect<number, ForwardFailed, Scope.Scope>
}
