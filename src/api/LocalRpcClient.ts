import { fromDuplex } from "@effect/platform-node/NodeSocket"
import type * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import type * as RpcGroup from "@effect/rpc/RpcGroup"
import { Effect, Option } from "effect"
import { openUnixSocket } from "./internal/OpenUnixSocket.ts"
import { makeRpcProtocol } from "./internal/RpcProtocol.ts"

/**
 * A client of one of the hub's RpcGroups through the hub's unix socket, which closes with the scope; as `hubRpcClient`
 * in everything else. Whoever may open the socket is the local admin.
 */
export const localRpcClient = Effect.fn("Api.localRpcClient")(function* <Rpcs extends Rpc.Any>(
  group: RpcGroup.RpcGroup<Rpcs>,
  path: string,
) {
  const socket = yield* fromDuplex(Effect.succeed(yield* openUnixSocket(path)))
  const protocol = yield* makeRpcProtocol({ socket, hub: `the hub (${path})`, token: Option.none() })
  return yield* RpcClient.make(group).pipe(Effect.provideService(RpcClient.Protocol, protocol))
})
