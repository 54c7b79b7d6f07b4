import type * as Socket from "@effect/platform/Socket"
import { Socket as SocketTag } from "@effect/platform/Socket"
import * as RpcClient from "@effect/rpc/RpcClient"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import type { FromClientEncoded } from "@effect/rpc/RpcMessage"
import { Effect, Option, Redacted, Schedule } from "effect"
import type { BearerToken } from "../BearerToken.ts"
import { layerClientMsgPack } from "../transport/msgPack.ts"

interface Options {
  /** A connection that is open already. */
  readonly socket: Socket.Socket
  /** The hub, as messages name it. */
  readonly hub: string
  /** Mints the token of one call. */
  readonly token: Option.Option<Effect.Effect<BearerToken>>
}

const withToken = (request: FromClientEncoded, token: BearerToken): FromClientEncoded =>
  request._tag === "Request"
    ? { ...request, headers: [...request.headers, ["authorization", `Bearer ${Redacted.value(token)}`]] }
    : request

/**
 * Effect RPC over one connection, for as long as that lives: when it is lost, every call fails, also every later one
 * (the client of @effect/rpc would reconnect silently, and calls would hang meanwhile). Each call bears a fresh token, so
 * that a connection may outlive a token.
 */
export const makeRpcProtocol = Effect.fn("Api.makeRpcProtocol")(function* ({ socket, hub, token }: Options) {
  const protocol = yield* RpcClient.makeProtocolSocket({ retrySchedule: Schedule.stop }).pipe(
    Effect.provideService(SocketTag, socket),
    Effect.provide(layerClientMsgPack),
  )
  const lost = (error: RpcClientError) =>
    new RpcClientError({ reason: "Protocol", message: `the connection to ${hub} was lost`, cause: error.cause })
  const send = (request: FromClientEncoded) => protocol.send(request).pipe(Effect.mapError(lost))
  return RpcClient.Protocol.of({
    ...protocol,
    run: (f) =>
      protocol.run((message) =>
        f(message._tag === "ClientProtocolError" ? { ...message, error: lost(message.error) } : message),
      ),
    send: (request) =>
      request._tag === "Request" && Option.isSome(token)
        ? Effect.flatMap(token.value, (minted) => send(withToken(request, minted)))
        : send(request),
  })
})
