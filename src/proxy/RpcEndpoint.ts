import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { fromWebSocket } from "@effect/platform/Socket"
import { Effect, type Scope } from "effect"
import type { WebSocket } from "ws"
import type { BearerToken } from "../api/BearerToken.ts"
import { closeGently } from "../api/transport/CloseGently.ts"
import type { HttpRefusal } from "./HttpRefusal.ts"
import { bearerOf, type Upgrade, type UpgradeHandler } from "./Upgrade.ts"

/** No RPC message of a client is longer, in bytes. */
const maxPayload = 1024 * 1024

/** `RpcServer.toHttpAppWebsocket(group, { disableFatalDefects: true })` gives one. */
export type RpcApp = HttpApp.Default<never, Scope.Scope>

const opened = (socket: WebSocket) =>
  fromWebSocket(
    Effect.acquireRelease(
      Effect.sync(() => {
        socket.resume()
        return socket as unknown as globalThis.WebSocket
      }),
      () => Effect.sync(() => closeGently(socket)),
    ),
  )

/** The request as an Effect HTTP app sees it: its headers, and the WebSocket that it was upgraded to. */
const appRequest = Effect.fnUntraced(function* ({ url, request, accept }: Upgrade) {
  const headers = Object.entries(request.headersDistinct).flatMap(([name, values]) =>
    (values ?? []).map((value): [string, string] => [name, value]),
  )
  const appRequest = HttpServerRequest.fromWeb(new Request(url, { headers }))
  const socket = yield* opened(yield* accept({ maxPayload }))
  return Object.defineProperty(appRequest, "upgrade", { value: Effect.succeed(socket) })
})

/** Serves a group's calls on one path to anybody. */
export const publicRpcEndpoint =
  (app: RpcApp): UpgradeHandler =>
  (upgrade) =>
    Effect.flatMap(appRequest(upgrade), (request) =>
      Effect.scoped(Effect.provideService(app, HttpServerRequest.HttpServerRequest, request)),
    ).pipe(Effect.asVoid)

/**
 * The same for who is known: `authenticate` refuses connections whose token is no good before they open. Each call is
 * authenticated again by the group's own middleware, from its `authorization` header, for a connection outlives its
 * token. A call's own headers override those of its connection: besides a token, no header proves anything.
 */
export const rpcEndpoint =
  (app: RpcApp, authenticate: (token: BearerToken) => Effect.Effect<unknown, HttpRefusal>): UpgradeHandler =>
  (upgrade) =>
    bearerOf(upgrade).pipe(Effect.flatMap(authenticate), Effect.zipRight(publicRpcEndpoint(app)(upgrade)))
