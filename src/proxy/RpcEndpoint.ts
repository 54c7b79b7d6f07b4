import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { fromWebSocket } from "@effect/platform/Socket"
import { type Duration, Effect, type Scope } from "effect"
import type { WebSocket } from "ws"
import type { BearerToken } from "../api/BearerToken.ts"
import { closeGently } from "../api/transport/CloseGently.ts"
import { HttpRefusal } from "./HttpRefusal.ts"
import { boundBacklog } from "./internal/boundBacklog.ts"
import { type StrangerLimits, Strangers } from "./internal/Strangers.ts"
import { bearerOf, type Upgrade, type UpgradeHandler } from "./Upgrade.ts"

/** No RPC message of a client is longer, in bytes. */
const maxPayload = 1024 * 1024

/** `RpcServer.toHttpAppWebsocket(group, { disableFatalDefects: true })` gives one. */
export type RpcApp = HttpApp.Default<never, Scope.Scope>

const opened = (socket: WebSocket) =>
  fromWebSocket(
    Effect.acquireRelease(
      Effect.sync(() => {
        boundBacklog(socket)
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

/** Serves a group's calls on one path, for as long as the client likes. */
const serveRpc =
  (app: RpcApp): UpgradeHandler =>
  (upgrade) =>
    Effect.flatMap(appRequest(upgrade), (request) =>
      Effect.scoped(Effect.provideService(app, HttpServerRequest.HttpServerRequest, request)),
    ).pipe(Effect.asVoid)

export interface PublicRpcLimits extends StrangerLimits {
  /** How long a connection may last: people type passwords and codes meanwhile. */
  readonly life: Duration.DurationInput
}

const publicRpcLimits: PublicRpcLimits = { most: 1_000, mostOfOne: 100, life: "10 minutes" }

const crowded = new HttpRefusal({ status: 503, message: "too many connections: try again in a while" })

/** Serves a group's calls on one path to anybody: not to all too many at once, and to nobody for ever. */
export const publicRpcEndpoint = (app: RpcApp, limits: PublicRpcLimits = publicRpcLimits): UpgradeHandler => {
  const strangers = new Strangers(limits)
  const entered = (upgrade: Upgrade) =>
    Effect.acquireRelease(
      Effect.suspend(() => Effect.mapError(Effect.fromNullable(strangers.enter(upgrade.remoteAddress)), () => crowded)),
      (leave) => Effect.sync(leave),
    )
  return (upgrade) =>
    Effect.scoped(Effect.zipRight(entered(upgrade), Effect.timeoutOption(serveRpc(app)(upgrade), limits.life))).pipe(
      Effect.asVoid,
    )
}

/**
 * The same for who is known: `authenticate` refuses connections whose token is no good before they open. Each call is
 * authenticated again by the group's own middleware, from its `authorization` header, for a connection outlives its
 * token. A call's own headers override those of its connection: besides a token, no header proves anything.
 */
export const rpcEndpoint =
  (app: RpcApp, authenticate: (token: BearerToken) => Effect.Effect<unknown, HttpRefusal>): UpgradeHandler =>
  (upgrade) =>
    bearerOf(upgrade).pipe(Effect.flatMap(authenticate), Effect.zipRight(serveRpc(app)(upgrade)))
