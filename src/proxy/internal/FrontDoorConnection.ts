import { randomUUID } from "node:crypto"
import type { Duplex } from "node:stream"
import { Effect, FiberSet, Option, type Scope, Stream } from "effect"
import type { AccessGrant } from "../../domain/AccessGrant.ts"
import type { DirectForward } from "../../ssh/DirectForward.ts"
import { joinStreams } from "../../ssh/JoinStreams.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import { Gateways } from "../agentless/Gateways.ts"
import { ConnectPolicy } from "../ConnectPolicy.ts"
import { RefusalLog } from "../RefusalLog.ts"
import { Tunnels } from "../Tunnels.ts"
import type { UserIdentity, UserRefused } from "../UserAuthenticator.ts"

/** A user who has logged in at the front door. */
export interface JumpUser {
  readonly user: UserIdentity["user"]
  /** Who that is now: a connection here may outlive its certificate, and the roles that the user had when it began. */
  readonly current: Effect.Effect<UserIdentity, UserRefused>
}

/** A node has one port here, that of its SSH server, however it is written. */
const nodePorts: ReadonlyArray<number> = [0, 22]

const explanation = "this is a jump host, it runs nothing itself: use ssh -J USER@HUB LOGIN@NODE"

/** Tells who wants a shell here what this is, with exit code 1. */
const explain = Effect.fn("FrontDoor.explain")(function* (request: SessionRequest) {
  if (request.kind._tag === "Subsystem") return yield* request.reject
  const channel = yield* request.accept
  const line = Buffer.from(`${explanation}${Option.isSome(request.pty) ? "\r\n" : "\n"}`)
  const write = Option.isSome(request.pty) ? channel.write : channel.writeStderr
  yield* write(line).pipe(Effect.ignore)
  yield* channel.exit({ _tag: "Code", code: 1 })
})

/** One connection to a node: decided, dialled, relayed. */
const jump = Effect.fn("FrontDoor.jump")(function* (client: JumpUser, remoteAddress: string, forward: DirectForward) {
  const policy = yield* ConnectPolicy
  const [tunnels, gateways] = [yield* Tunnels, yield* Gateways]
  const { report } = yield* RefusalLog
  if (forward.target._tag === "Unix") return yield* forward.reject("only nodes are reached through here")
  const { host, port } = forward.target
  if (!nodePorts.includes(port)) {
    return yield* forward.reject(`only port 22 of a node is reached through here, not ${port}`)
  }
  const connectionId = randomUUID()
  const about = (grant: AccessGrant) => ({ connectionId, remoteAddress, grant })
  const reached = yield* client.current.pipe(
    Effect.flatMap((user) => policy.resolve(user, host)),
    Effect.flatMap(({ node, grant, agentless }) =>
      Option.isSome(agentless)
        ? Effect.map(gateways.open(agentless.value), (gateway) => ({
            node,
            carry: (transport: Duplex) => gateway.serve({ ...about(grant), transport }),
          }))
        : Effect.map(tunnels.connect(node, about(grant)), (tunnel) => ({
            node,
            carry: (channel: Duplex) => joinStreams(channel, tunnel),
          })),
    ),
    Effect.either,
  )
  if (reached._tag === "Left") {
    const reason = reached.left.message
    yield* report({ user: client.user, target: host.slice(0, 256), remoteAddress, reason })
    return yield* forward.reject(reason)
  }
  const { node, carry } = reached.right
  yield* Effect.logInfo("connected").pipe(
    Effect.annotateLogs({ user: client.user, node, connection: connectionId, through: "ssh" }),
  )
  yield* carry(yield* forward.accept)
}, Effect.scoped)

/** Serves what a logged-in client asks for until it has gone; its connections to nodes end with it. */
export const serveJumps = Effect.fn("FrontDoor.serveJumps")(function* (
  client: SshConnection<JumpUser>,
  remoteAddress: string,
): Effect.fn.Return<void, never, ConnectPolicy | Tunnels | Gateways | RefusalLog | Scope.Scope> {
  const fork = yield* FiberSet.makeRuntime<ConnectPolicy | Tunnels | Gateways | RefusalLog>()
  const supervised = (effect: Effect.Effect<void, never, ConnectPolicy | Tunnels | Gateways | RefusalLog>) =>
    Effect.sync(() => {
      fork(Effect.catchAllCause(effect, (cause) => Effect.logError("a channel's handler died", cause)))
    })
  yield* Effect.all(
    [
      Stream.runForEach(client.forwards, (forward) => supervised(jump(client.identity, remoteAddress, forward))),
      Stream.runForEach(client.sessions, (request) => supervised(explain(request))),
      Stream.runForEach(client.listens, ({ reject }) => reject),
    ],
    { concurrency: "unbounded", discard: true },
  )
})
