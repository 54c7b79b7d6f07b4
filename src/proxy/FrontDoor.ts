import type { KeyObject } from "node:crypto"
import { createServer, type Socket } from "node:net"
import { Clock, type Duration, Effect, FiberSet, Option, type Scope } from "effect"
import type { OpenSshCertificate } from "../ssh/OpenSshCertificate.ts"
import type { SshConnection } from "../ssh/SshConnection.ts"
import { AuthRejected } from "../ssh/SshError.ts"
import { type AuthenticationAttempt, serve } from "../ssh/SshServer.ts"
import type { Gateways } from "./agentless/Gateways.ts"
import type { ConnectPolicy } from "./ConnectPolicy.ts"
import { type JumpUser, serveJumps } from "./internal/FrontDoorConnection.ts"
import { listening } from "./internal/Listening.ts"
import { openConnections } from "./internal/OpenConnections.ts"
import { type StrangerLimits, Strangers } from "./internal/Strangers.ts"
import type { ListenAddress } from "./ListenAddress.ts"
import type { ListenError } from "./ListenError.ts"
import { RefusalLog } from "./RefusalLog.ts"
import type { Tunnels } from "./Tunnels.ts"
import { UserAuthenticator } from "./UserAuthenticator.ts"
import { UserConnections } from "./UserConnections.ts"

export interface FrontDoorOptions {
  readonly address: ListenAddress
  /** An Ed25519 private key, and a certificate of the cluster's host authority for it if there is one. */
  readonly hostKey: { readonly privateKey: KeyObject; readonly certificate?: OpenSshCertificate }
  /** Connections that have not logged in yet; one more is closed at once. Default 100, and 30 from one address. */
  readonly startups?: StrangerLimits
  /** Default 10,000. */
  readonly maxConnections?: number
  /** Connections to nodes, and sessions, of one connection at once. Default 32. */
  readonly maxChannels?: number
  /** Until a client must have logged in; default 20 s. */
  readonly loginGrace?: Duration.DurationInput
}

const addressOf = ({ remoteAddress = "unknown", remotePort = 0 }: Socket): string => {
  const address = remoteAddress.replace(/^::ffff:/, "")
  return address.includes(":") ? `[${address}]:${remotePort}` : `${address}:${remotePort}`
}

/** The user whose certificate it is, who must also be the one whose name was given: `ssh -J ada@hub`. */
const login = ({ certificate }: UserAuthenticator["Type"], { report }: RefusalLog["Type"]) =>
  Effect.fn("FrontDoor.login")(function* (attempt: AuthenticationAttempt) {
    const { remoteAddress, username } = attempt
    const refuse = (user: string | null, message: string, final: boolean) =>
      Effect.zipRight(
        report({ user, target: null, remoteAddress, reason: message }),
        new AuthRejected({ message, final }),
      )
    const current = Effect.suspend(() => certificate(attempt.certificate, remoteAddress))
    const { user } = yield* Effect.catchAll(current, ({ message, locked }) =>
      refuse(Option.getOrNull(locked), message, Option.isSome(locked)),
    )
    if (user === username) return { user, current } satisfies JumpUser
    return yield* refuse(user, `the certificate of ${user} was shown for "${username}"`, false)
  })

/** Tells the client why, and cuts it off whether it listens or not. */
const cutOff = (client: SshConnection<JumpUser>, socket: Socket) => (reason: string) =>
  client
    .disconnect(reason)
    .pipe(Effect.timeout("500 millis"), Effect.ignore, Effect.ensuring(Effect.sync(() => socket.destroy())))

/**
 * The hub as a jump host for plain OpenSSH (`ssh -J USER@HUB:3023 LOGIN@NODE`): takes user certificates, and opens
 * connections to nodes' SSH servers, nothing else. Listens until the scope ends, which cuts all connections; gives the
 * address with its real port. No client harms another.
 */
export const serveFrontDoor = Effect.fn("FrontDoor.serve")(function* (
  options: FrontDoorOptions,
): Effect.fn.Return<
  ListenAddress,
  ListenError,
  Scope.Scope | UserAuthenticator | UserConnections | ConnectPolicy | Tunnels | Gateways | RefusalLog
> {
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 })
  yield* openConnections(server)
  const fork = yield* FiberSet.makeRuntime<ConnectPolicy | Tunnels | Gateways | RefusalLog>()
  const { hold } = yield* UserConnections
  const authenticate = login(yield* UserAuthenticator, yield* RefusalLog)
  const { maxChannels = 32, loginGrace = "20 seconds" } = options
  const strangers = new Strangers(options.startups ?? { most: 100, mostOfOne: 30 })

  const connection = (socket: Socket, known: () => void) =>
    Effect.gen(function* () {
      const sinceMs = yield* Clock.currentTimeMillis
      const remoteAddress = addressOf(socket)
      const client = yield* serve(socket, {
        hostKey: options.hostKey,
        authenticate,
        remoteAddress,
        loginGrace,
        maxChannels,
      }).pipe(Effect.ensuring(Effect.sync(known)))
      yield* hold({ user: client.identity.user, sinceMs, cut: cutOff(client, socket) })
      yield* serveJumps(client, remoteAddress)
    }).pipe(
      Effect.scoped,
      Effect.catchTag("SshConnectionError", ({ message }) => Effect.logDebug("no login", message)),
      Effect.catchAllCause((cause) => Effect.logError("a connection's handler died", cause)),
      Effect.ensuring(Effect.sync(() => socket.destroy())),
    )

  server.on("connection", (socket) => {
    socket.on("error", () => socket.destroy())
    const known = strangers.enter(addressOf(socket))
    if (known === undefined) socket.destroy()
    else fork(connection(socket, known))
  })
  server.maxConnections = options.maxConnections ?? 10_000
  return yield* listening(server, options.address)
})
