import { Cause, Deferred, Duration, Effect, Exit, FiberId, Option } from "effect"
import ssh2 from "ssh2"
import { type DirectForward, ForwardTarget } from "../DirectForward.ts"
import { certificateType, type OpenSshCertificate } from "../OpenSshCertificate.ts"
import { writeOpenSshPrivateKey } from "../OpenSshPrivateKey.ts"
import type { SessionRequest } from "../SessionRequest.ts"
import { sshAlgorithms } from "../SshAlgorithms.ts"
import type { SshConnection } from "../SshConnection.ts"
import type { AuthRejected, SshConnectionError } from "../SshError.ts"
import type { AuthenticationAttempt, SshServerOptions } from "../SshServer.ts"
import { type ConnectionLink, defaultRekey } from "./ConnectionLink.ts"
import { forwardAnswer, type Ssh2Tcpip } from "./forwardAnswer.ts"
import { PullQueue } from "./PullQueue.ts"
import { authentication } from "./ServerAuthentication.ts"
import { ServerForwarding } from "./ServerForwarding.ts"
import { listenToSession } from "./ServerSession.ts"
import { certifiedHostKey, type ServerHostKeys, serverHostKeys } from "./ssh2/hostKeys.ts"
import { type Ssh2Connection, type Ssh2Session, ssh2Connection } from "./ssh2/Ssh2Shape.ts"

const defaultMaxChannels = 128
/** SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE (RFC 4253, 11.1). */
const noMoreMethods = 14

/** Decides on a proven certificate; calls back once. */
type Decide<A> = (attempt: AuthenticationAttempt, done: (exit: Exit.Exit<A, AuthRejected>) => void) => void

/** Turns ssh2's events of one connection into values. */
export class ServedConnection<A> {
  readonly ready = Deferred.unsafeMake<SshConnection<A>, SshConnectionError>(FiberId.none)
  readonly #link: ConnectionLink
  readonly #options: SshServerOptions<A, unknown>
  readonly #sessions: PullQueue<SessionRequest>
  readonly #forwards: PullQueue<DirectForward>
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
      giveUp: () => this.#end("too many attempts to authenticate"),
      decide: (proven, done) => {
        const attempt = { ...proven, remoteAddress: this.#remoteAddress() }
        decide(attempt, (exit) => {
          if (Exit.isFailure(exit)) return this.#rejected(exit.cause, () => done(false))
          this.#login = { attempt, identity: exit.value }
          done(true)
        })
      },
    })
  }

  #rejected(cause: Cause.Cause<AuthRejected>, tryAnother: () => void): void {
    const rejected = Option.getOrUndefined(Cause.failureOption(cause))
    if (Cause.isDie(cause)) Deferred.unsafeDone(this.ready, Effect.die(Cause.squash(cause)))
    if (rejected?.final === true) this.#end(rejected.message)
    else tryAnother()
  }

  /** Before anybody is logged in. */
  #end(message: string): void {
    this.#link.disconnect(noMoreMethods, message)
    this.#link.break("authentication", message)
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
    const forwarding = new ServerForwarding(inside, link, this.#options.maxChannels ?? defaultMaxChannels)
    this.#offerChannels(inside, login.attempt.certificate, forwarding)
    const established: SshConnection<A> = {
      username: login.attempt.username,
      identity: login.identity,
      remoteAddress: login.attempt.remoteAddress,
      clientVersion,
      sessions: this.#sessions.stream,
      forwards: this.#forwards.stream,
      listens: forwarding.requests.stream,
      openForwarded: forwarding.openForwarded,
      openAgent: forwarding.openAgent,
      closed: Deferred.await(link.closed),
      disconnect: (reason) => Effect.zipRight(link.flushed, link.close(reason)),
    }
    Deferred.unsafeDone(this.ready, Effect.succeed(established))
  }

  #offerChannels(inside: Ssh2Connection, { extensions }: OpenSshCertificate, forwarding: ServerForwarding): void {
    const link = this.#link
    const mayHavePty = extensions.has("permit-pty")
    const mayForwardAgent = extensions.has("permit-agent-forwarding")
    const onRequest = (request: SessionRequest): boolean => this.#sessions.offer(request)
    inside.on("session", (accept: () => Ssh2Session) =>
      listenToSession(accept(), { inside, link, mayHavePty, mayForwardAgent, onRequest }),
    )
    if (!extensions.has("permit-port-forwarding")) return
    forwarding.listen()
    const offer = (accept: () => object, reject: () => void, about: Omit<DirectForward, "accept" | "reject">): void => {
      const offered = this.#forwards.offer({ ...about, ...forwardAnswer(inside, link, "server", accept, reject) })
      if (!offered) reject()
    }
    inside.on("tcpip", (accept: () => object, reject: () => void, to: Ssh2Tcpip) => {
      const target = ForwardTarget.Tcp({ host: to.destIP, port: to.destPort })
      offer(accept, reject, { target, originAddress: to.srcIP, originPort: to.srcPort })
    })
    inside.on(
      "openssh.streamlocal",
      (accept: () => object, reject: () => void, to: { readonly socketPath: string }) => {
        offer(accept, reject, { target: ForwardTarget.Unix({ path: to.socketPath }), originAddress: "", originPort: 0 })
      },
    )
  }
}
