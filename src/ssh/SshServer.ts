import type { KeyObject } from "node:crypto"
import type { Duplex } from "node:stream"
import { Cause, Deferred, Duration, Effect, Exit, FiberId, FiberSet, type Scope } from "effect"
import ssh2 from "ssh2"
import type { DirectTcpip } from "./DirectTcpip.ts"
import { ConnectionLink, defaultRekey, type RekeyLimits } from "./internal/ConnectionLink.ts"
import { PullQueue } from "./internal/PullQueue.ts"
import { authentication } from "./internal/ServerAuthentication.ts"
import { directTcpip, type Ssh2Forward } from "./internal/ServerForward.ts"
import { listenToSession } from "./internal/ServerSession.ts"
import {
  certifiedHostKey,
  type ServerHostKeys,
  type Ssh2Connection,
  type Ssh2Session,
  serverHostKeys,
  ssh2Connection,
} from "./internal/Ssh2Internals.ts"
import { certificateType, type OpenSshCertificate } from "./OpenSshCertificate.ts"
import { writeOpenSshPrivateKey } from "./OpenSshPrivateKey.ts"
import type { SessionRequest } from "./SessionRequest.ts"
import { sshAlgorithms } from "./SshAlgorithms.ts"
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

const defaultMaxChannels = 128

/**
 * Ends one SSH connection on a transport, a TCP socket or any duplex of bytes, and succeeds once the client is authenticated
 * by a certificate. Certificates without `permit-pty` get no PTY, those without `permit-port-forwarding` no forwarding. The
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

type Decide<A> = (attempt: AuthenticationAttempt, done: (exit: Exit.Exit<A, AuthRejected>) => void) => void

/** Turns ssh2's events of one connection into values. */
class ServedConnection<A> {
  readonly ready = Deferred.unsafeMake<SshConnection<A>, SshConnectionError>(FiberId.none)
  readonly #link: ConnectionLink
  readonly #options: SshServerOptions<A, unknown>
  readonly #sessions: PullQueue<SessionRequest>
  readonly #forwards: PullQueue<DirectTcpip>
  #inside: Ssh2Connection | undefined
  #login: { readonly attempt: AuthenticationAttempt; readonly identity: A } | undefined

  constructor(link: ConnectionLink, options: SshServerOptions<A, unknown>) {
    this.#link = link
    this.#options = options
    const capacity = options.maxChannels ?? defaultMaxChannels
    this.#sessions = new PullQueue(capacity)
    this.#forwards = new PullQueue(capacity)
  }

  start(decide: Decide<A>): void {
    const keepAlive = this.#options.keepAlive ?? { interval: Duration.seconds(15), max: 3 }
    const server = new ssh2.Server({
      hostKeys: this.#hostKeys(),
      algorithms: sshAlgorithms(),
      ident: "Mezite",
      keepaliveInterval: Duration.toMillis(keepAlive.interval),
      keepaliveCountMax: keepAlive.max,
    })
    server.on("connection", (client, info) => this.#listen(client, info.header.versions.software, decide))
    this.#link.transport.on("close", () => {
      this.#sessions.end()
      this.#forwards.end()
    })
    server.injectSocket(this.#link.transport as Parameters<typeof server.injectSocket>[0])
  }

  #hostKeys(): ServerHostKeys {
    const { privateKey, certificate } = this.#options.hostKey
    const key = ssh2.utils.parseKey(writeOpenSshPrivateKey(privateKey))
    if (key instanceof Error) throw key
    if (certificate === undefined) return serverHostKeys([key])
    const protocolOf = () => {
      if (this.#inside === undefined) throw new Error("a host key is used before the connection has begun")
      return this.#inside._protocol
    }
    const type = certificateType("ssh-ed25519")
    return serverHostKeys([certifiedHostKey(key, type, "ssh-ed25519", certificate.blob, protocolOf), key])
  }

  #listen(client: ssh2.Connection, clientVersion: string, decide: Decide<A>): void {
    const inside = ssh2Connection(client)
    this.#inside = inside
    this.#link.attach(inside, {
      maxChannels: this.#options.maxChannels ?? defaultMaxChannels,
      rekeyBytes: (this.#options.rekey ?? defaultRekey).bytes,
    })
    client.on("authentication", this.#authentication(decide))
    client.on("ready", () => this.#established(inside, clientVersion))
  }

  #authentication(decide: Decide<A>): (context: ssh2.AuthContext) => void {
    return authentication({
      giveUp: () => {
        const message = "too many attempts to authenticate"
        this.#link.disconnect(14, message)
        this.#link.break("authentication", message)
      },
      decide: (proven, done) => {
        const attempt = { ...proven, remoteAddress: this.#remoteAddress() }
        decide(attempt, (exit) => {
          if (Exit.isSuccess(exit)) this.#login = { attempt, identity: exit.value }
          else if (Cause.isDie(exit.cause)) Deferred.unsafeDone(this.ready, Effect.die(Cause.squash(exit.cause)))
          done(Exit.isSuccess(exit))
        })
      },
    })
  }

  #remoteAddress(): string {
    const { transport } = this.#link
    const known = "remoteAddress" in transport ? transport.remoteAddress : undefined
    return this.#options.remoteAddress ?? (typeof known === "string" ? known : "")
  }

  #established(inside: Ssh2Connection, clientVersion: string): void {
    const login = this.#login
    if (login === undefined) return
    const link = this.#link
    this.#offerChannels(inside, login.attempt.certificate)
    const established: SshConnection<A> = {
      username: login.attempt.username,
      identity: login.identity,
      remoteAddress: login.attempt.remoteAddress,
      clientVersion,
      sessions: this.#sessions.stream,
      forwards: this.#forwards.stream,
      closed: Deferred.await(link.closed),
      disconnect: (reason) => Effect.zipRight(link.flushed, link.close(reason)),
    }
    Deferred.unsafeDone(this.ready, Effect.succeed(established))
  }

  #offerChannels(inside: Ssh2Connection, certificate: OpenSshCertificate): void {
    const link = this.#link
    const mayHavePty = certificate.extensions.has("permit-pty")
    const onRequest = (request: SessionRequest): boolean => this.#sessions.offer(request)
    inside.on("session", (accept: () => Ssh2Session) =>
      listenToSession(accept(), { inside, link, mayHavePty, onRequest }),
    )
    if (!certificate.extensions.has("permit-port-forwarding")) return
    inside.on("tcpip", (accept: () => object, reject: () => void, to: Ssh2Forward) => {
      if (!this.#forwards.offer(directTcpip(inside, link, accept, reject, to))) reject()
    })
  }
}
