import * as fs from "node:fs"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as RpcServer from "@effect/rpc/RpcServer"
import { Effect, Layer } from "effect"
import { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import { HubRpcs } from "../../api/HubRpcs.ts"
import { NodeRpcs } from "../../api/NodeRpcs.ts"
import { PublicRpcs } from "../../api/PublicRpcs.ts"
import { layerHubMsgPack, layerLocalHubMsgPack } from "../../api/transport/msgPack.ts"
import { paths } from "../../api/transport/TunnelMessages.ts"
import { Callers } from "../../auth/access/Callers.ts"
import { layerBearerAuthentication } from "../../auth/rpc/BearerAuthentication.ts"
import { CallerAddress } from "../../auth/rpc/CallerAddress.ts"
import { layerClusterHandlers } from "../../auth/rpc/ClusterHandlers.ts"
import { layerHubHandlers } from "../../auth/rpc/HubHandlers.ts"
import { layerLocalAuthentication } from "../../auth/rpc/LocalAuthentication.ts"
import { layerNodeHandlers } from "../../auth/rpc/NodeHandlers.ts"
import { layerPublicHandlers } from "../../auth/rpc/PublicHandlers.ts"
import { Admission } from "../../proxy/Admission.ts"
import { HttpRefusal } from "../../proxy/HttpRefusal.ts"
import { publicRpcEndpoint, rpcEndpoint } from "../../proxy/RpcEndpoint.ts"
import type { UpgradeHandler } from "../../proxy/Upgrade.ts"

/** One handler's defect fails its own call, not its neighbours'. */
const options = { disableFatalDefects: true } as const

/** All calls that there are, by the way in that serves them. */
export const servedRpcs = {
  /** To whoever has a token. */
  known: ClusterRpcs.merge(NodeRpcs, HubRpcs),
  /** To anybody. */
  open: PublicRpcs,
  /** To whoever may open the unix socket. */
  local: ClusterRpcs,
} as const

const known = RpcServer.toHttpAppWebsocket(servedRpcs.known, options).pipe(
  Effect.provide([
    layerClusterHandlers,
    layerNodeHandlers,
    layerHubHandlers,
    layerBearerAuthentication,
    layerHubMsgPack,
  ]),
)

const open = RpcServer.toHttpAppWebsocket(servedRpcs.open, options).pipe(
  Effect.provide([layerPublicHandlers, layerHubMsgPack]),
)

const withAddress =
  (handler: UpgradeHandler): UpgradeHandler =>
  (upgrade) =>
    Effect.provideService(handler(upgrade), CallerAddress, upgrade.remoteAddress)

/** The hub's calls on its port: to become known, and for those who are. */
export const rpcEndpoints = Effect.gen(function* () {
  const callers = yield* Callers
  const admission = yield* Admission
  const refused = Effect.mapError(admission.check, ({ message }) => new HttpRefusal({ status: 503, message }))
  const whileOpen =
    (handler: UpgradeHandler): UpgradeHandler =>
    (upgrade) =>
      Effect.zipRight(refused, handler(upgrade))
  const endpoint = rpcEndpoint(yield* known, (token) =>
    Effect.catchTags(callers.caller(token), {
      Unauthenticated: ({ message }) => new HttpRefusal({ status: 401, message }),
      SqlError: () => new HttpRefusal({ status: 503, message: "the hub's database does not answer; try again" }),
    }),
  )
  return {
    [paths.rpc]: withAddress(endpoint),
    [paths.publicRpc]: whileOpen(withAddress(publicRpcEndpoint(yield* open))),
  }
})

/** The same calls for the hub's own user, on a unix socket: 0600, in a directory that is 0700. */
export const layerLocalRpc = (path: string) =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      // One that an earlier run left behind is in the way.
      fs.rmSync(path, { force: true })
      yield* Layer.build(
        RpcServer.layer(servedRpcs.local, options).pipe(
          Layer.provide([layerClusterHandlers, layerLocalAuthentication]),
          Layer.provide(RpcServer.layerProtocolSocketServer),
          Layer.provide([layerLocalHubMsgPack, NodeSocketServer.layer({ path })]),
        ),
      )
      fs.chmodSync(path, 0o600)
    }),
  )
