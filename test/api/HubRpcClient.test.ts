import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Rpc, RpcGroup, RpcServer } from "@effect/rpc"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Option, Ref, Schema, Scope, Stream } from "effect"
import { hubRpcClient } from "../../src/api/HubRpcClient.ts"
import { localRpcClient } from "../../src/api/LocalRpcClient.ts"
import { layerHubMsgPack } from "../../src/api/transport/msgPack.ts"
import { paths } from "../../src/api/transport/TunnelMessages.ts"
import { HttpRefusal } from "../../src/proxy/HttpRefusal.ts"
import { publicRpcEndpoint, rpcEndpoint } from "../../src/proxy/RpcEndpoint.ts"
import { type TestHub, testHub, userToken } from "../proxy/TestHub.ts"

class TestRpcs extends RpcGroup.make(
  Rpc.make("Double", { payload: { n: Schema.Int }, success: Schema.Int }),
  Rpc.make("Token", { success: Schema.String }),
  Rpc.make("Hang", {}),
  Rpc.make("Break", {}),
  Rpc.make("Bytes", { payload: { n: Schema.Int }, success: Schema.Uint8ArrayFromSelf, stream: true }),
) {}

const handlers = (hanging: Deferred.Deferred<void>) =>
  TestRpcs.toLayer({
    Double: ({ n }) => Effect.succeed(2 * n),
    Token: (_payload, { headers }) => Effect.succeed(headers.authorization ?? ""),
    Hang: () => Effect.zipRight(Deferred.succeed(hanging, undefined), Effect.never),
    Break: () => Effect.die("a bug in a handler"),
    Bytes: ({ n }) => Stream.range(1, n).pipe(Stream.map((i) => new Uint8Array(1000).fill(i))),
  })

const services = (hanging: Deferred.Deferred<void>) => Layer.merge(handlers(hanging), layerHubMsgPack)

const rpcHub = (port = 0) =>
  Effect.gen(function* () {
    const hanging = yield* Deferred.make<void>()
    const app = yield* RpcServer.toHttpAppWebsocket(TestRpcs, { disableFatalDefects: true }).pipe(
      Effect.provide(services(hanging)),
    )
    const known = yield* Ref.make(true)
    const authenticate = () =>
      Effect.filterOrFail(
        Ref.get(known),
        (yes) => yes,
        () => new HttpRefusal({ status: 401, message: "your certificate has expired; log in with: msh login" }),
      )
    const hub = yield* testHub({
      port,
      upgrades: { [paths.rpc]: rpcEndpoint(app, authenticate), [paths.publicRpc]: publicRpcEndpoint(app) },
    })
    return { ...hub, known, hanging }
  })

const client = (hub: TestHub) =>
  hubRpcClient(TestRpcs, { hub: hub.address, trust: hub.trust, token: Option.some(userToken()) })

const publicClient = (hub: TestHub) =>
  hubRpcClient(TestRpcs, { hub: hub.address, trust: hub.trust, token: Option.none() })

describe("hubRpcClient", () => {
  it.scopedLive("calls, streams bytes, and outlives a handler's defect", () =>
    Effect.gen(function* () {
      const rpc = yield* client(yield* rpcHub())
      expect(yield* rpc.Double({ n: 21 })).toBe(42)
      const chunks = yield* Stream.runCollect(rpc.Bytes({ n: 100 }))
      expect(chunks.length).toBe(100)
      expect(Exit.isFailure(yield* Effect.exit(rpc.Break()))).toBe(true)
      expect(yield* rpc.Double({ n: 1 })).toBe(2)
    }),
  )

  it.scopedLive("bears a fresh token in each call, and none where it has none", () =>
    Effect.gen(function* () {
      const hub = yield* rpcHub()
      const rpc = yield* client(hub)
      const [one, other] = [yield* rpc.Token(), yield* rpc.Token()]
      expect(one).toMatch(/^Bearer ey/)
      expect(other).toMatch(/^Bearer ey/)
      expect(one).not.toBe(other)
      expect(yield* (yield* publicClient(hub)).Token()).toBe("")
    }),
  )

  it.scopedLive("fails with the hub's own words where the token is refused", () =>
    Effect.gen(function* () {
      const hub = yield* rpcHub()
      yield* Ref.set(hub.known, false)
      const error = yield* Effect.flip(client(hub))
      expect(error).toMatchObject({ _tag: "HubRefused", status: 401, message: expect.stringContaining("msh login") })
    }),
  )

  it.scopedLive("fails at once, in one line, where the hub is away", () =>
    Effect.gen(function* () {
      const hub = yield* Effect.scoped(rpcHub())
      const error = yield* Effect.flip(client(hub))
      expect(error).toMatchObject({ _tag: "HubUnreachable" })
      expect(error.message).toBe(
        `cannot reach the hub at 127.0.0.1:${hub.address.port}: nothing listens there (connection refused)`,
      )
    }),
  )

  it.scopedLive("fails the calls under way when the hub goes, and all later ones, and does not reconnect", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const hub = yield* rpcHub().pipe(Scope.extend(scope))
      const rpc = yield* client(hub)
      const hung = yield* Effect.fork(Effect.flip(rpc.Hang()))
      yield* Deferred.await(hub.hanging)
      yield* Scope.close(scope, Exit.void)
      const error = yield* hung.await.pipe(Effect.flatten, Effect.timeout("5 seconds"))
      expect(error.message).toBe(`the connection to the hub at 127.0.0.1:${hub.address.port} was lost`)
      yield* rpcHub(hub.address.port)
      const later = yield* Effect.flip(rpc.Double({ n: 1 })).pipe(Effect.timeout("5 seconds"))
      expect(later._tag).toBe("RpcClientError")
    }),
  )
})

describe("localRpcClient", () => {
  const directory = Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "mezite-rpc-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true })),
  )

  it.scopedLive("calls through a unix socket", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "hub.sock")
      const hanging = yield* Deferred.make<void>()
      yield* Layer.build(
        RpcServer.layer(TestRpcs, { disableFatalDefects: true }).pipe(
          Layer.provide(RpcServer.layerProtocolSocketServer),
          Layer.provide(NodeSocketServer.layer({ path })),
          Layer.provide(services(hanging)),
        ),
      )
      const rpc = yield* localRpcClient(TestRpcs, path)
      expect(yield* rpc.Double({ n: 4 })).toBe(8)
    }),
  )

  it.scopedLive("says that there is no hub on this machine", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "none.sock")
      const error = yield* Effect.flip(localRpcClient(TestRpcs, path))
      expect(error.message).toContain("there is no such socket; is the hub running on this machine?")
    }),
  )
})
