import type { Duplex } from "node:stream"
import type { Effect, Scope, Stream } from "effect"
import type { DirectForward } from "./DirectForward.ts"
import type { ForwardedTcpip } from "./ForwardedTcpip.ts"
import type { ListenRequest } from "./ListenRequest.ts"
import type { SessionRequest } from "./SessionRequest.ts"
import type { ChannelRefused } from "./SshError.ts"

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
  readonly forwards: Stream.Stream<DirectForward>
  /** For one consumer; ends with the connection. Those behind one that is not answered yet wait for their answers. */
  readonly listens: Stream.Stream<ListenRequest>
  /** Passes a connection on to the client, as `DirectForward.accept` gives one. It is closed with the scope. */
  readonly openForwarded: (about: ForwardedTcpip) => Effect.Effect<Duplex, ChannelRefused, Scope.Scope>
  /** A connection to the client's authentication agent; clients refuse it unless a session asked for `agentForwarding`. */
  readonly openAgent: Effect.Effect<Duplex, ChannelRefused, Scope.Scope>
  /** Completes when the transport has closed, from whichever side. */
  readonly closed: Effect.Effect<void>
  /** Tells the client why, and closes; what was written before is still sent. Completes when the transport has closed. */
  readonly disconnect: (reason: string) => Effect.Effect<void>
}
