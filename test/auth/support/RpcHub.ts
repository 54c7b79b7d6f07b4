import { createServer } from "node:http"
import { join } from "node:path"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as Socket from "@effect/platform/Socket"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as RpcClient from "@effect/rpc/RpcClient"
import * as RpcServer from "@effect/rpc/RpcServer"
import { Effect, Layer, Option, Redacted } from "effect"
import type { BearerToken } from "../../../src/api/BearerToken.ts"
import { layerClientMsgPack, layerHubMsgPack, layerLocalHubMsgPack } from "../../../src/api/transport/msgPack.ts"
import { AuditAnchor } from "../../../src/auth/audit/AuditAnchor.ts"
import { Enforcer } from "../../../src/auth/enforcement/Enforcer.ts"
import { layerBearerAuthentication } from "../../../src/auth/rpc/BearerAuthentication.ts"
import { CallerAddress } from "../../../src/auth/rpc/CallerAddress.ts"
import { layerClusterHandlers } from "../../../src/auth/rpc/ClusterHandlers.ts"
import { layerHubHandlers } from "../../../src/auth/rpc/HubHandlers.ts"
import { layerLocalAuthentication } from "../../../src/auth/rpc/LocalAuthentication.ts"
import { layerNodeHandlers } from "../../../src/auth/rpc/NodeHandlers.ts"
import { layerPublicHandlers } from "../../../src/auth/rpc/PublicHandlers.ts"
import { LocalRecordings } from "../../../src/auth/storage/LocalRecordings.ts"
import { servedRpcs } from "../../../src/bin/hub/rpc.ts"
import { temporaryFolder } from "./TestHub.ts"

/** All that the hub answers over WebSocket. */
export const AllRpcs = servedRpcs.open.merge(servedRpcs.known)

const emptyDisk = Layer.unwrapScoped(Effect.map(temporaryFolder, LocalRecordings.layer))

const handlers = Layer.mergeAll(layerPublicHandlers, layerClusterHandlers, layerNodeHandlers, layerHubHandlers).pipe(
  Layer.provide([Enforcer.layer, Layer.succeed(AuditAnchor, { known: Effect.succeedNone }), emptyDisk]),
)

const clientOf = <E>(socket: Layer.Layer<Socket.Socket, E>) =>
  Layer.build(RpcClient.layerProtocolSocket().pipe(Layer.provide([socket, layerClientMsgPack])))

/** A client of that URL; give each call its token with `RpcClient.withHeaders`. */
export const webSocketClient = (url: string) =>
  Effect.flatMap(clientOf(NodeSocket.layerWebSocket(url)), (protocol) =>
    Effect.provide(RpcClient.make(AllRpcs), protocol),
  )

/** Makes each call with a token of its own, as clients do. */
export const withTokens =
  (mint: Effect.Effect<BearerToken>) =>
  <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(mint, (token) => RpcClient.withHeaders(call, { authorization: `Bearer ${Redacted.value(token)}` }))

/** Serves every call on a WebSocket of 127.0.0.1, and gives its URL. */
export const serveWebSocket = Effect.gen(function* () {
  const app = yield* RpcServer.toHttpAppWebsocket(AllRpcs, { disableFatalDefects: true })
  const server = yield* NodeHttpServer.make(() => createServer(), { host: "127.0.0.1", port: 0 })
  const addressed = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ remoteAddress }) =>
    Effect.provideService(app, CallerAddress, Option.getOrNull(remoteAddress)),
  )
  yield* server.serve(addressed)
  if (server.address._tag !== "TcpAddress") return yield* Effect.dieMessage("the test's server has no port")
  const url = `ws://127.0.0.1:${server.address.port}`
  // The server makes its WebSocket part at the first connection, and at its end waits for all clients to be gone: that first
  // connection must be over before the test's own begin, or the scope would close the server before them.
  yield* Effect.scoped(Effect.flatMap(webSocketClient(url), (client) => client.ClusterInfo()))
  return url
}).pipe(
  Effect.provide([handlers, layerHubMsgPack]),
  Effect.provide(layerBearerAuthentication),
  Effect.withSpan("serveWebSocket"),
)

/** Serves admins on a unix socket, and gives a client of it. */
export const unixSocketClient = Effect.gen(function* () {
  const path = join(yield* temporaryFolder, "admin.sock")
  yield* Layer.build(
    RpcServer.layer(servedRpcs.local, { disableFatalDefects: true }).pipe(
      Layer.provide([handlers, layerLocalAuthentication]),
      Layer.provide(RpcServer.layerProtocolSocketServer),
      Layer.provide([NodeSocketServer.layer({ path }), layerLocalHubMsgPack]),
    ),
  )
  const protocol = yield* clientOf(NodeSocket.layerNet({ path }))
  return yield* Effect.provide(RpcClient.make(servedRpcs.local), protocol)
})
