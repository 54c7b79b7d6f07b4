import type { KeyObject } from "node:crypto"
import type { Duplex } from "node:stream"
import { Deferred, Duration, Effect, FiberSet, type Scope } from "effect"
import { ConnectionLink, defaultRekey, type RekeyLimits } from "./internal/ConnectionLink.ts"
import { ServedConnection } from "./internal/ServedConnection.ts"
import type { OpenSshCertificate } from "./OpenSshCertificate.ts"
import type { SshConnection } from "./SshConnection.ts"
import { type AuthRejected, SshConnectionError } from "./SshError.ts"

/** A client that has proved that it holds a certificate's key. Nothing else about the certificate was checked. */
export interface AuthenticationAttempt {
  readonly username: string
  readonly certificate: OpenSshCertificate
  readonly remoteAddress: string
}

/** How a connection is served. */
export interface SshServerOptions<A, R> {
  /** An Ed25519 private key, and a host certificate for it if there is one. */
  readonly hostKey: { readonly privateKey: KeyObject; readonly certificate?: OpenSshCertificate }
  /** Verifies the certificate (see `verifyCertificate`) and says who that is. A defect ends the connection. */
  readonly authenticate: (attempt: AuthenticationAttempt) => Effect.Effect<A, AuthRejected, R>
  /** The peer's address, for transports that do not know it. */
  readonly remoteAddress?: string
  /** Time until the client must be authenticated; default 30 s. */
  readonly loginGrace?: Duration.DurationInput
  /** A silent client is asked for a sign of life each interval, and dropped after `max` unanswered ones; default 15 s, 3. */
  readonly keepAlive?: { readonly interval: Duration.DurationInput; readonly max: number }
  /** Default: 1 GiB or 1 h. */
  readonly rekey?: RekeyLimits
  /** Channels at once, of any kind; default 128. Each may hold some MiB. */
  readonly maxChannels?: number
}

/**
 * Ends one SSH connection on a transport, a TCP socket or any duplex of bytes, and succeeds once the client is authenticated
 * by a certificate. Certificates without `permit-pty` get no PTY, those without `permit-port-forwarding` and `permit-agent-forwarding` none of that. The
 * scope owns connection and transport: its end closes both, after what was written has been sent (2 s at most).
 *
 * Fails with `SshConnectionError`: `timeout` after the grace time, `authentication` after six refused certificates, `protocol`
 * for garbage, `closed`. No event of ssh2 or the transport is left without a listener.
 */
export const serve = Effect.fn("SshServer.serve")(function* <A, R>(
  transport: Duplex,
  options: SshServerOptions<A, R>,
): Effect.fn.Return<SshConnection<A>, SshConnectionError, R | Scope.Scope> {
  const fork = yield* FiberSet.makeRuntime<R>()
  const link = yield* Effect.acquireRelease(
    Effect.sync(() => new ConnectionLink(transport)),
    (acquired) => acquired.close("the connection is closed"),
  )
  const connection = new ServedConnection<A>(link, options)
  yield* Effect.sync(() =>
    connection.start((attempt, done) => {
      fork(Effect.onExit(options.authenticate(attempt), (exit) => Effect.sync(() => done(exit))))
    }),
  )
  const grace = options.loginGrace ?? Duration.seconds(30)
  const established = yield* Effect.raceFirst(Deferred.await(connection.ready), Deferred.await(link.broken)).pipe(
    Effect.timeoutFail({
      duration: grace,
      onTimeout: () =>
        new SshConnectionError({ reason: "timeout", message: `no login within ${Duration.format(grace)}` }),
    }),
  )
  yield* Effect.forkScoped(link.rekeyEvery((options.rekey ?? defaultRekey).interval))
  return established
})
