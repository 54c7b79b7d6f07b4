import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcServer from "@effect/rpc/RpcServer"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import type { WebSocket } from "ws"
import { layerHubMsgPack } from "../../src/api/transport/msgPack.ts"
import { openWebSocket } from "../../src/api/transport/OpenWebSocket.ts"
import { Strangers } from "../../src/proxy/internal/Strangers.ts"
import { publicRpcEndpoint } from "../../src/proxy/RpcEndpoint.ts"
import { type TestHub, testHub } from "./TestHub.ts"

describe("strangers", () => {
  it("are so many at once, and so many from one address or one IPv6 network, and leave once", () => {
    const strangers = new Strangers({ most: 5, mostOfOne: 2 })
    const first = strangers.enter("192.0.2.1:1000")
    strangers.enter("192.0.2.1:1001")
    expect(strangers.enter("192.0.2.1:1002")).toBeUndefined()
    strangers.enter("[2001:db8::1]:1")
    strangers.enter("[2001:db8::2]:1")
    expect(strangers.enter("[2001:db8::ffff:3]:1")).toBeUndefined()
    strangers.enter("192.0.2.2:1000")
    expect(strangers.enter("192.0.2.3:1000")).toBeUndefined()
    first?.()
    first?.()
    expect(strangers.enter("192.0.2.3:1000")).toBeDefined()
    expect(strangers.enter("192.0.2.4:1000")).toBeUndefined()
  })

  const group = RpcGroup.make(Rpc.make("Hello", { success: Schema.String }))

  const rpcHub = Effect.gen(function* () {
    const app = yield* RpcServer.toHttpAppWebsocket(group).pipe(
      Effect.provide([group.toLayer({ Hello: () => Effect.succeed("hello") }), layerHubMsgPack]),
    )
    const limits = { most: 10, mostOfOne: 3, life: "500 millis" } as const
    return yield* testHub({ upgrades: { "/public": publicRpcEndpoint(app, limits) } })
  })

  const open = (hub: TestHub) =>
    openWebSocket({ hub: hub.address, trust: hub.trust, path: "/public", token: Option.none(), maxPayload: 1_000 })

  const closed = (socket: WebSocket) =>
    Effect.async<void>((resume) => {
      socket.once("close", () => resume(Effect.void))
      socket.resume()
    }).pipe(Effect.timeout("5 seconds"))

  it.scopedLive("have no WebSocket for ever, nor all of them", () =>
    Effect.gen(function* () {
      const hub = yield* rpcHub
      const sockets = yield* Effect.replicateEffect(open(hub), 3)
      expect(yield* Effect.flip(open(hub))).toMatchObject({
        _tag: "HubRefused",
        status: 503,
        message: "too many connections: try again in a while",
      })
      yield* Effect.forEach(sockets, closed, { concurrency: "unbounded" })
      const again = yield* open(hub)
      expect(again.readyState).toBe(again.OPEN)
    }),
  )
})
