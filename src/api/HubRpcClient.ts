import { fromWebSocket, SocketGenericError } from "@effect/platform/Socket"
import type * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import type * as RpcGroup from "@effect/rpc/RpcGroup"
import { Effect, Option } from "effect"
import type { WebSocket } from "ws"
import type { BearerToken } from "./BearerToken.ts"
import { type HubAddress, hubAuthority } from "./HubAddress.ts"
import type { HubTrust } from "./HubTrust.ts"
import { makeRpcProtocol } from "./internal/RpcProtocol.ts"
import { openWebSocket } from "./transport/OpenWebSocket.ts"
import { paths } from "./transport/TunnelMessages.ts"

/** No RPC message is longer, in bytes. */
export const maxRpcMessage = 16 * 1024 * 1024

export interface HubRpcOptions {
  readonly hub: HubAddress
  readonly trust: HubTrust
  /** Mints a token for each call; none for `PublicRpcs`. */
  readonly token: Option.Option<Effect.Effect<BearerToken>>
}

const socketOf = (ws: WebSocket) =>
  fromWebSocket(
    Effect.suspend(() => {
      if (ws.readyState !== ws.OPEN) return Effect.fail(new SocketGenericError({ reason: "Open", cause: "closed" }))
      ws.resume()
      return Effect.succeed(ws as unknown as globalThis.WebSocket)
    }),
  )

/**
 * A client of one of the hub's RpcGroups on one WebSocket that closes with the scope. Fails within 10 s where the hub
 * is away, is not trusted or refuses the token; once the connection is lost, calls fail with an `RpcClientError` that
 * says so. It never reconnects: who needs that makes another client.
 */
export const hubRpcClient = Effect.fn("Api.hubRpcClient")(function* <Rpcs extends Rpc.Any>(
  group: RpcGroup.RpcGroup<Rpcs>,
  { hub, trust, token }: HubRpcOptions,
) {
  const ws = yield* openWebSocket({
    hub,
    trust,
    path: Option.isSome(token) ? paths.rpc : paths.publicRpc,
    token: Option.isSome(token) ? Option.some(yield* token.value) : Option.none(),
    maxPayload: maxRpcMessage,
  })
  const socket = yield* socketOf(ws)
  const protocol = yield* makeRpcProtocol({ socket, hub: `the hub at ${hubAuthority(hub)}`, token })
  return yield* RpcClient.make(group).pipe(Effect.provideService(RpcClient.Protocol, protocol))
})
