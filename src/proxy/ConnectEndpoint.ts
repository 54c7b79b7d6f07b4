import { randomUUID } from "node:crypto"

import { Clock, Effect } from "effect"
import type { WebSocket } from "ws"
import { closeGently } from "../api/transport/CloseGently.ts"
import { keepWarm, userHeartbeat } from "../api/transport/Heartbeat.ts"
import { closeCode, paths } from "../api/transport/TunnelMessages.ts"

import { maxTunnelMessage } from "../api/transport/WebSocketDuplex.ts"
import { ConnectPolicy } from "./ConnectPolicy.ts"
import { HttpRefusal } from "./HttpRefusal.ts"
import { relay } from "./internal/Relay.ts"
import { RefusalLog } from "./RefusalLog.ts"
import { Tunnels } from "./Tunnels.ts"
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

/** No byte more goes either way; the client is told why, as far as 123 bytes tell it (RFC 6455, 5.5). */
const cutRelay = (client: WebSocket, tunnel: WebSocket, reason: string): void => {
  tunnel.terminate()
  closeGently(client, closeCode.shutOut, Buffer.from(reason).subarray(0, 120).toString("utf8").replaceAll("\ufffd", ""))
}

/** Where users connect to nodes: after the checks, a plain relay of the bytes of one SSH connection. */
export const connectEndpoint = Effect.gen(function* () {
  const users = yield* UserAuthenticator
  const policy = yield* ConnectPolicy
  const tunnels = yield* Tunnels
  const connections = yield* UserConnections
  const { report } = yield* RefusalLog

  const tunnelFor = Effect.fnUntraced(function* (user: UserIdentity, target: string, remoteAddress: string) {
    const { node, grant } = yield* policy.resolve(user, yield* checkTarget(target))
    const about = { connectionId: randomUUID(), remoteAddress, grant }
    const tunnel = yield* tunnels.open(node, about)
    return { user: user.user, tunnel, log: { user: user.user, node, connection: about.connectionId } }
  })

  const reach = Effect.fnUntraced(function* (upgrade: Upgrade) {
    const { remoteAddress } = upgrade
    const target = targetOf(upgrade)
    const reported = (user: string | null) => (error: { readonly message: string }) =>
      report({ user, target: target.slice(0, 256), remoteAddress, reason: error.message })
    const token = yield* bearerOf(upgrade)
    const user = yield* Effect.tapError(users.bearer(token), reported(null))
    return yield* Effect.tapError(tunnelFor(user, target, remoteAddress), reported(user.user))
  })

  const connect: UpgradeHandler = Effect.fn("ConnectEndpoint.connect")(function* (upgrade) {
    const sinceMs = yield* Clock.currentTimeMillis
    const { user, tunnel, log } = yield* reach(upgrade).pipe(Effect.catchTags(refusals))
    const client = yield* upgrade.accept({ maxPayload: maxTunnelMessage })
    const cut = (reason: string) => Effect.sync(() => cutRelay(client, tunnel, reason))
    yield* connections.hold({ user, sinceMs, cut })
    keepWarm(client, userHeartbeat)
    yield* Effect.logInfo("connected").pipe(Effect.annotateLogs(log))
    const bytes = yield* relay(client, tunnel)
    yield* Effect.logInfo("disconnected").pipe(Effect.annotateLogs({ ...log, ...bytes }))
  }, Effect.scoped)

  return { [paths.connect]: connect }
})
