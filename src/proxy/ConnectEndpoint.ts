import { randomUUID } from "node:crypto"
import { Clock, Effect, Option } from "effect"
import type { WebSocket } from "ws"
import { closeGently } from "../api/transport/CloseGently.ts"
import { keepWarm, userHeartbeat } from "../api/transport/Heartbeat.ts"
import { closeCode, paths } from "../api/transport/TunnelMessages.ts"
import { maxTunnelMessage, WebSocketDuplex } from "../api/transport/WebSocketDuplex.ts"
import type { Gateway } from "./agentless/Gateway.ts"
import { Gateways } from "./agentless/Gateways.ts"
import { ConnectPolicy } from "./ConnectPolicy.ts"
import { HttpRefusal } from "./HttpRefusal.ts"
import { relay } from "./internal/Relay.ts"
import { RefusalLog } from "./RefusalLog.ts"
import { type ConnectionInfo, Tunnels } from "./Tunnels.ts"
import { bearerOf, type Upgrade, type UpgradeHandler } from "./Upgrade.ts"
import { UserAuthenticator, type UserIdentity } from "./UserAuthenticator.ts"
import { UserConnections } from "./UserConnections.ts"

const refuse =
  (status: number) =>
  ({ message }: { readonly message: string }) =>
    Effect.fail(new HttpRefusal({ status, message }))

/** Why `msh` gets no connection, as `api/ConnectThroughHub` reads it. */
const refusals = {
  UserRefused: refuse(401),
  ConnectForbidden: refuse(403),
  NodeUnknown: refuse(404),
  NodeOffline: refuse(502),
  HubStopping: refuse(503),
  TunnelTimeout: refuse(504),
}

const targetOf = ({ url }: Upgrade): string => (url.searchParams.get("node") ?? "").slice(0, 257)

const checkTarget = (target: string) =>
  target === "" || target.length > 256
    ? Effect.fail(new HttpRefusal({ status: 400, message: "name a node: ?node=NAME" }))
    : Effect.succeed(target)

/** The client is told why, as far as 123 bytes tell it (RFC 6455, 5.5). */
const tellOff = (client: WebSocket, reason: string): void =>
  closeGently(client, closeCode.shutOut, Buffer.from(reason).subarray(0, 120).toString("utf8").replaceAll("\ufffd", ""))

/** How a client's bytes are carried until it has gone: to an agent by its tunnel, or to a node that this hub serves. */
interface Carrier {
  readonly run: (client: WebSocket) => Effect.Effect<object>
  /** No byte more goes either way. */
  readonly cut: () => void
}

/** The agent's tunnel is a plain relay's other end. */
const byTunnel = (tunnel: WebSocket): Carrier => ({
  run: (client) => relay(client, tunnel),
  cut: () => tunnel.terminate(),
})

/** The SSH connection ends in this process. */
const byGateway = (gateway: Gateway, about: ConnectionInfo): Carrier => ({
  run: (client) =>
    Effect.suspend(() => Effect.as(gateway.serve({ ...about, transport: new WebSocketDuplex(client) }), {})),
  cut: () => undefined,
})

/** Where users connect to nodes: after the checks, the bytes of one SSH connection. */
export const connectEndpoint = Effect.gen(function* () {
  const users = yield* UserAuthenticator
  const policy = yield* ConnectPolicy
  const tunnels = yield* Tunnels
  const [gateways, connections] = [yield* Gateways, yield* UserConnections]
  const { report } = yield* RefusalLog

  const carrierFor = Effect.fnUntraced(function* (user: UserIdentity, target: string, remoteAddress: string) {
    const { node, grant, agentless } = yield* policy.resolve(user, yield* checkTarget(target))
    const about = { connectionId: randomUUID(), remoteAddress, grant }
    const carrier = Option.isSome(agentless)
      ? byGateway(yield* gateways.open(agentless.value), about)
      : byTunnel(yield* tunnels.open(node, about))
    return { user: user.user, carrier, log: { user: user.user, node, connection: about.connectionId } }
  })

  const reach = Effect.fnUntraced(function* (upgrade: Upgrade) {
    const { remoteAddress } = upgrade
    const target = targetOf(upgrade)
    const reported = (user: string | null, { message: reason }: { readonly message: string }) =>
      report({ user, target: target.slice(0, 256), remoteAddress, reason })
    const token = yield* bearerOf(upgrade)
    const user = yield* Effect.tapError(users.bearer(token), (error) => reported(Option.getOrNull(error.locked), error))
    return yield* Effect.tapError(carrierFor(user, target, remoteAddress), (error) => reported(user.user, error))
  })

  const connect: UpgradeHandler = Effect.fn("ConnectEndpoint.connect")(function* (upgrade) {
    const sinceMs = yield* Clock.currentTimeMillis
    const { user, carrier, log } = yield* reach(upgrade).pipe(Effect.catchTags(refusals))
    const client = yield* upgrade.accept({ maxPayload: maxTunnelMessage })
    const cut = (reason: string) =>
      Effect.sync(() => {
        carrier.cut()
        tellOff(client, reason)
      })
    yield* connections.hold({ user, sinceMs, cut })
    keepWarm(client, userHeartbeat)
    yield* Effect.logInfo("connected").pipe(Effect.annotateLogs(log))
    const bytes = yield* carrier.run(client)
    yield* Effect.logInfo("disconnected").pipe(Effect.annotateLogs({ ...log, ...bytes }))
  }, Effect.scoped)

  return { [paths.connect]: connect }
})
