import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { keepWarm } from "../api/transport/Heartbeat.ts"
import { paths } from "../api/transport/TunnelMessages.ts"
import { maxTunnelMessage } from "../api/transport/WebSocketDuplex.ts"
import { ConnectPolicy } from "./ConnectPolicy.ts"
import { HttpRefusal } from "./HttpRefusal.ts"
import { relay } from "./internal/Relay.ts"
import { Tunnels } from "./Tunnels.ts"
import { bearerOf, type Upgrade, type UpgradeHandler } from "./Upgrade.ts"
import { UserAuthenticator } from "./UserAuthenticator.ts"

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
  TunnelTimeout: refuse(504),
}

const targetOf = ({ url }: Upgrade) => {
  const target = url.searchParams.get("node") ?? ""
  return target === "" || target.length > 256
    ? Effect.fail(new HttpRefusal({ status: 400, message: "name a node: ?node=NAME" }))
    : Effect.succeed(target)
}

/** Where users connect to nodes: after the checks, a plain relay of the bytes of one SSH connection. */
export const connectEndpoint = Effect.gen(function* () {
  const users = yield* UserAuthenticator
  const policy = yield* ConnectPolicy
  const tunnels = yield* Tunnels

  const reach = Effect.fnUntraced(function* (upgrade: Upgrade) {
    const user = yield* users.bearer(yield* bearerOf(upgrade))
    const node = yield* policy.resolve(user, yield* targetOf(upgrade))
    const about = { connectionId: randomUUID(), remoteAddress: upgrade.remoteAddress }
    const tunnel = yield* tunnels.open(node, about)
    return { tunnel, log: { user: user.user, node, connection: about.connectionId } }
  })

  const connect: UpgradeHandler = Effect.fn("ConnectEndpoint.connect")(function* (upgrade) {
    const { tunnel, log } = yield* reach(upgrade).pipe(Effect.catchTags(refusals))
    const client = yield* upgrade.accept({ maxPayload: maxTunnelMessage })
    keepWarm(client, 30_000)
    yield* Effect.logInfo("connected").pipe(Effect.annotateLogs(log))
    const bytes = yield* relay(client, tunnel)
    yield* Effect.logInfo("disconnected").pipe(Effect.annotateLogs({ ...log, ...bytes }))
  }, Effect.scoped)

  return { [paths.connect]: connect }
})
