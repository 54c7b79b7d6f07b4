import type { KeyObject } from "node:crypto"
import type { Duplex } from "node:stream"
import { type Clock, Deferred, Duration, Effect, Either, type Scope } from "effect"
import ssh2 from "ssh2"
import type { ClientChannel } from "./ClientChannel.ts"
import { type HostVerification, hostKeyAlgorithms, verifyHost } from "./HostVerification.ts"
import { certificateRequest } from "./internal/CertificateRequest.ts"
import { ClientListeners } from "./internal/ClientListeners.ts"
import { clientSessions } from "./internal/ClientSessions.ts"
import { ConnectionLink, defaultRekey, type RekeyLimits } from "./internal/ConnectionLink.ts"
import { handshakeFailure } from "./internal/handshakeFailure.ts"
import { authenticateInstead } from "./internal/ssh2/authenticateInstead.ts"
import { offerHostKeys, verifyWithPlainKey } from "./internal/ssh2/hostKeys.ts"
import { type Ssh2Connection, ssh2Client } from "./internal/ssh2/Ssh2Shape.ts"
import type { OpenSshCertificate } from "./OpenSshCertificate.ts"
import { publicKeyBlob } from "./OpenSshKey.ts"
import type { RemoteListener } from "./RemoteListener.ts"
import type { PtyRequest } from "./SessionRequest.ts"
import { sshAlgorithms } from "./SshAlgorithms.ts"
import { type ChannelRefused, SshConnectionError } from "./SshError.ts"

/** How to connect and as whom. */
export interface SshClientOptions {
  readonly username: string
  /** The certificate's key: Ed25519, RSA or ECDSA. */
  readonly privateKey: KeyObject
  readonly certificate: OpenSshCertificate
  readonly hostVerification: HostVerification
  /** Time until authenticated; default 30 s. */
  readonly timeout?: Duration.DurationInput
  /** Default 15 s and 3. */
  readonly keepAlive?: { readonly interval: Duration.DurationInput; readonly max: number }
  /** Default: 1 GiB or 1 h. */
  readonly rekey?: RekeyLimits
}

/** What a shell or a command is started with. */
export interface SessionOptions {
  readonly pty?: PtyRequest
  /** Servers take what their configuration allows (`AcceptEnv`) and ignore the rest. */
  readonly env?: Readonly<Record<string, string>>
}

/** Where a forwarded connection goes. */
export interface TcpipTarget {
  readonly host: string
  readonly port: number
  readonly originAddress: string
  readonly originPort: number
}

/** An authenticated connection. Channels live as long as the scopes they are opened in, and no longer than the connection. */
export interface SshClient {
  readonly shell: (options?: SessionOptions) => Effect.Effect<ClientChannel, ChannelRefused, Scope.Scope>
  readonly exec: (
    command: string,
    options?: SessionOptions,
  ) => Effect.Effect<ClientChannel, ChannelRefused, Scope.Scope>
  readonly subsystem: (name: string) => Effect.Effect<ClientChannel, ChannelRefused, Scope.Scope>
  /** A connection from the server to a target; it never emits `error`: it closes. */
  readonly directTcpip: (target: TcpipTarget) => Effect.Effect<Duplex, ChannelRefused, Scope.Scope>
  /** The same to a unix socket of the server's (OpenSSH's PROTOCOL, 2.4). */
  readonly directStreamlocal: (path: string) => Effect.Effect<Duplex, ChannelRefused, Scope.Scope>
  /** Has the server listen at `host:port` (0: any port) and pass on who connects there, as long as the scope. */
  readonly listen: (host: string, port: number) => Effect.Effect<RemoteListener, ChannelRefused, Scope.Scope>
  readonly closed: Effect.Effect<void>
}

/**
 * Connects over a transport, verifies the server, and authenticates with a certificate. The scope owns connection and transport.
 *
 * Fails with `SshConnectionError`: `host-key` where the server is not who it should be, before anything of the user is sent;
 * `authentication`, `timeout`, `protocol`, `closed`.
 */
export const connect = Effect.fn("SshClient.connect")(function* (
  transport: Duplex,
  options: SshClientOptions,
): Effect.fn.Return<SshClient, SshConnectionError, Scope.Scope> {
  const clock = yield* Effect.clock
  const link = yield* Effect.acquireRelease(
    Effect.sync(() => new ConnectionLink(transport)),
    (acquired) => acquired.close("the connection is closed"),
  )
  const limit = options.timeout ?? Duration.seconds(30)
  const openers = yield* Effect.raceFirst(handshake(link, options, clock), Deferred.await(link.broken)).pipe(
    Effect.timeoutFail({
      duration: limit,
      onTimeout: () =>
        new SshConnectionError({ reason: "timeout", message: `no login within ${Duration.format(limit)}` }),
    }),
    Effect.mapError(handshakeFailure),
  )
  yield* Effect.forkScoped(link.rekeyEvery((options.rekey ?? defaultRekey).interval))
  return { ...openers, closed: Deferred.await(link.closed) }
})

const handshake = (
  link: ConnectionLink,
  options: SshClientOptions,
  clock: Clock.Clock,
): Effect.Effect<Omit<SshClient, "closed">> =>
  Effect.async((resume) => {
    const client = new ssh2.Client()
    const keepAlive = options.keepAlive ?? { interval: Duration.seconds(15), max: 3 }
    const verifier = hostVerifier(link, options.hostVerification, clock)
    // ssh2 reports what goes wrong before the link is attached by an event too, so the listener must be there first.
    client.on("error", () => undefined)
    client.on("ready", () => {
      const { listen } = new ClientListeners(client, inside, link)
      resume(Effect.succeed({ ...clientSessions(client, inside, link), listen }))
    })
    client.connect({
      sock: link.transport as never,
      username: options.username,
      ident: "Mezite",
      algorithms: sshAlgorithms(),
      readyTimeout: 0,
      keepaliveInterval: Duration.toMillis(keepAlive.interval),
      keepaliveCountMax: keepAlive.max,
      authHandler: ["none"],
      hostVerifier: (key: Buffer) => verifier(inside, key),
    })
    const inside = ssh2Client(client)
    offerHostKeys(inside._protocol, hostKeyAlgorithms(options.hostVerification))
    authenticateInstead(inside._protocol, (sessionId, username) =>
      certificateRequest(sessionId, username, options.privateKey, options.certificate),
    )
    link.attach(inside, { maxChannels, rekeyBytes: (options.rekey ?? defaultRekey).bytes })
  })

const maxChannels = 1024

/** Called at each key exchange; a key that was accepted once stays accepted, also when its certificate expires meanwhile. */
const hostVerifier = (link: ConnectionLink, verification: HostVerification, clock: Clock.Clock) => {
  let accepted: Buffer | undefined
  let acceptedAt = 0
  return (inside: Ssh2Connection, key: Buffer): boolean => {
    const nowMs = accepted?.equals(key) === true ? acceptedAt : clock.unsafeCurrentTimeMillis()
    const verdict = verifyHost(verification, key, nowMs)
    if (Either.isLeft(verdict)) {
      link.break("host-key", verdict.left)
      return false
    }
    acceptedAt = nowMs
    accepted = Buffer.from(key)
    const { certificate } = verdict.right
    if (certificate !== undefined) {
      verifyWithPlainKey(inside._protocol, certificate.keyType, publicKeyBlob(certificate.publicKey))
    }
    return true
  }
}
