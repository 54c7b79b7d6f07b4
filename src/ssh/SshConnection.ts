import type { Effect, Stream } from "effect"
import type { DirectTcpip } from "./DirectTcpip.ts"
import type { SessionRequest } from "./SessionRequest.ts"

/** A client's authenticated connection; `A` is what `authenticate` made of it. Lives as long as its scope. */
export interface SshConnection<A> {
  readonly username: string
  readonly identity: A
  readonly remoteAddress: string
  /** The client's software, as its banner tells: `OpenSSH_9.2p1`. */
  readonly clientVersion: string
  /** For one consumer; ends with the connection. */
  readonly sessions: Stream.Stream<SessionRequest>
  /** For one consumer; ends with the connection. */
  readonly forwards: Stream.Stream<DirectTcpip>
  /** Completes when the transport has closed, from whichever side. */
  readonly closed: Effect.Effect<void>
  /** Tells the client why, and closes; what was written before is still sent. Completes when the transport has closed. */
  readonly disconnect: (reason: string) => Effect.Effect<void>
}
