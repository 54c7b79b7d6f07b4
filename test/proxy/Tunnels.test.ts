import { createHash, randomBytes } from "node:crypto"
import type { Duplex } from "node:stream"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Option, Ref, Scope } from "effect"
import type { ConnectionHandler } from "../../src/agent/tunnel/TunnelClient.ts"
import { connectThroughHub } from "../../src/api/ConnectThroughHub.ts"
import { openWebSocket } from "../../src/api/transport/OpenWebSocket.ts"
import { type EndTarget, paths } from "../../src/api/transport/TunnelMessages.ts"
import { maxTunnelMessage } from "../../src/api/transport/WebSocketDuplex.ts"
import { UserName } from "../../src/domain/Identifiers.ts"
import { type Lock, LockId } from "../../src/domain/Lock.ts"
import type { IncomingConnection } from "../../src/node/session/IncomingConnection.ts"
import { fullGrant } from "../support/accessGrants.ts"
import { echo, eventually, isOnline, onlineAgent, startAgent } from "./TestAgent.ts"
import { nodeId, nodeName, nodeToken, type TestHub, testHub, userToken } from "./TestHub.ts"

const readAll = (stream: Duplex) =>
  Effect.async<Buffer, Error>((resume) => {
    const parts: Array<Buffer> = []
    stream.on("data", (part: Buffer) => parts.push(part))
    stream.once("end", () => resume(Effect.succeed(Buffer.concat(parts))))
    stream.once("error", (error) => resume(Effect.fail(error)))
  })

const connect = (hub: TestHub, node = "web-1.test", user = "ada") =>
  Effect.flatMap(userToken(user), (token) => connectThroughHub({ hub: hub.address, trust: hub.trust, token, node }))

const roundTrip = (hub: TestHub, bytes = randomBytes(1000)) =>
  Effect.scoped(
    Effect.gen(function* () {
      const stream = yield* connect(hub)
      stream.end(bytes)
      return (yield* readAll(stream)).equals(bytes)
    }),
  )

/** Writes `total` bytes of a repeated random block, as fast as the stream takes them; gives their digest. */
const pour = (stream: Duplex, total: number) => {
  const block = randomBytes(64 * 1024)
  const hash = createHash("sha256")
  let left = total
  const more = () => {
    while (left > 0) {
      const part = block.subarray(0, Math.min(left, block.length))
      hash.update(part)
      left -= part.length
      if (!stream.write(part)) return void stream.once("drain", more)
    }
    stream.end()
  }
  more()
  return () => hash.digest("hex")
}

const digestOf = (stream: Duplex) =>
  Effect.async<{ readonly bytes: number; readonly digest: string }, Error>((resume) => {
    const hash = createHash("sha256")
    let bytes = 0
    stream.on("data", (part: Buffer) => {
      hash.update(part)
      bytes += part.length
    })
    stream.once("end", () => resume(Effect.succeed({ bytes, digest: hash.digest("hex") })))
    stream.once("error", (error) => resume(Effect.fail(error)))
  })

const never: ConnectionHandler = () => Effect.never

describe("tunnels", () => {
  it.scopedLive("carry bytes both ways, and the end of each side", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      yield* onlineAgent(hub)
      expect(yield* roundTrip(hub, randomBytes(3_000_000))).toBe(true)
    }),
  )

  it.scopedLive("tell the node who connects, from where, and what for", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const told = yield* Deferred.make<IncomingConnection>()
      yield* onlineAgent(hub, (incoming) => Effect.zipRight(Deferred.succeed(told, incoming), echo(incoming)))
      yield* roundTrip(hub)
      const { remoteAddress, grant } = yield* Deferred.await(told)
      expect(remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/)
      expect(grant).toEqual(fullGrant("ada"))
    }),
  )

  it.scopedLive("carry bytes without TLS as well", () =>
    Effect.gen(function* () {
      const hub = yield* testHub({ tls: false })
      yield* onlineAgent(hub)
      expect(yield* roundTrip(hub, randomBytes(300_000))).toBe(true)
    }),
  )

  it.scopedLive("carry 200 MB unchanged", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const sink = yield* Effect.makeLatch(false)
      let got: { readonly bytes: number; readonly digest: string } | undefined
      yield* onlineAgent(hub, ({ transport }) =>
        digestOf(transport).pipe(
          Effect.tap((result) => {
            got = result
            transport.end()
            return sink.open
          }),
          Effect.orDie,
        ),
      )
      const stream = yield* connect(hub)
      const total = 200 * 1024 * 1024
      const startedAt = performance.now()
      const digest = pour(stream, total)
      yield* sink.await
      const seconds = (performance.now() - startedAt) / 1000
      expect(got).toEqual({ bytes: total, digest: digest() })
      yield* Effect.logInfo(`tunnel: ${Math.round(total / 1e6 / seconds)} MB/s with both digests, TLS, one process`)
    }),
  )

  it.scopedLive("stop a sender whose reader does not read, with little held, and lose nothing", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const reader = yield* Ref.make(Option.none<Duplex>())
      yield* onlineAgent(hub, ({ transport }) => Effect.zipRight(Ref.set(reader, Option.some(transport)), Effect.never))
      const stream = yield* connect(hub)
      const block = Buffer.alloc(64 * 1024, 7)
      let written = 0
      let stalledAt = -1
      yield* Effect.async<void>((resume) => {
        let timer: NodeJS.Timeout | undefined
        const more = () => {
          clearTimeout(timer)
          while (stream.write(block)) written += block.length
          written += block.length
          timer = setTimeout(() => resume(Effect.void), 700)
          stream.once("drain", () => (stalledAt < 0 ? more() : undefined))
        }
        more()
      })
      stalledAt = written
      // Kernel buffers of four loopback sockets, and 1 MiB and some each in client, hub and agent.
      expect(stalledAt).toBeLessThan(64 * 1024 * 1024)
      const transport = Option.getOrThrow(yield* Ref.get(reader))
      stream.end()
      const { bytes } = yield* digestOf(transport)
      expect(bytes).toBe(stalledAt)
    }),
  )

  it.scopedLive("serve many connections at once, more than are warm", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      yield* onlineAgent(hub)
      const results = yield* Effect.all(
        Array.from({ length: 40 }, () => roundTrip(hub)),
        { concurrency: "unbounded" },
      )
      expect(results.every((same) => same)).toBe(true)
    }),
  )

  it.scopedLive("break off for the client when the agent's handler dies, and only that one", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      let first = true
      yield* onlineAgent(hub, (connection) => {
        if (!first) return echo(connection)
        first = false
        return Effect.die("a bug in the handler")
      })
      const stream = yield* connect(hub)
      expect(Exit.isFailure(yield* Effect.exit(readAll(stream)))).toBe(true)
      expect(yield* roundTrip(hub)).toBe(true)
    }),
  )

  it.scopedLive("are cut on both sides when the client's scope ends", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const closed = yield* Effect.makeLatch(false)
      yield* onlineAgent(hub, ({ transport }) =>
        Effect.async((resume) => {
          transport.resume()
          transport.once("close", () => resume(closed.open))
        }),
      )
      yield* Effect.scoped(connect(hub))
      yield* closed.await
    }),
  )
})

describe("a connection that cannot be", () => {
  const reason = (hub: TestHub, node: string, user = "ada") =>
    Effect.scoped(Effect.flip(connect(hub, node, user))).pipe(
      Effect.map((error) => [error._tag === "ConnectError" ? error.reason : error._tag, error.message]),
    )

  it.scopedLive("says whether the node is unknown, forbidden or offline, or who asks is", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      yield* onlineAgent(hub)
      expect(yield* reason(hub, "web-9")).toEqual(["unknown-node", `there is no node "web-9"`])
      expect(yield* reason(hub, "web-2")).toEqual(["offline", "node web-2 is offline"])
      expect(yield* reason(hub, "web-1", "eve")).toEqual(["forbidden", "eve may not reach web-1"])
      const foreign = yield* nodeToken()
      const refused = yield* Effect.flip(
        Effect.scoped(connectThroughHub({ hub: hub.address, trust: hub.trust, token: foreign, node: "web-1" })),
      )
      expect(refused).toMatchObject({ _tag: "ConnectError", reason: "unauthenticated" })
    }),
  )

  it.scopedLive("times out where the node is connected but does not dial back", () =>
    Effect.gen(function* () {
      const hub = yield* testHub({ tunnels: { dialTimeoutMs: 300 } })
      const control = yield* openControl(hub)
      control.resume()
      yield* eventually("online", isOnline(hub))
      expect(yield* reason(hub, "web-1")).toEqual([
        "timeout",
        "node web-1 is connected, but did not dial back within 0.3 s",
      ])
    }),
  )
})

const openControl = (hub: TestHub) =>
  Effect.flatMap(nodeToken(), (token) =>
    openWebSocket({
      hub: hub.address,
      trust: hub.trust,
      path: paths.control,
      token: Option.some(token),
      maxPayload: maxTunnelMessage,
    }),
  )

describe("the registry of nodes", () => {
  it.scopedLive("drops a node that says nothing any more, without a close", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const control = yield* openControl(hub)
      yield* eventually("online", isOnline(hub))
      // Paused: it answers no ping, as a machine that lost its network.
      control.pause()
      yield* eventually("offline", Effect.negate(isOnline(hub)))
    }),
  )

  it.scopedLive("replaces a node's first connection by its second", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const control = yield* openControl(hub)
      const code = yield* Effect.fork(
        Effect.async<number>((resume) => {
          control.once("close", (code) => resume(Effect.succeed(code)))
        }),
      )
      control.resume()
      yield* eventually("online", isOnline(hub))
      yield* startAgent(hub)
      expect(yield* Fiber.join(code)).toBe(4002)
      expect(yield* roundTrip(hub)).toBe(true)
    }),
  )

  it.scopedLive("cuts off a removed node, whose agent then gives up", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const agent = yield* onlineAgent(hub, never)
      const stream = yield* connect(hub)
      yield* Ref.set(hub.removed, true)
      yield* hub.tunnels.remove(nodeId)
      expect(Exit.isFailure(yield* Effect.exit(readAll(stream)))).toBe(true)
      const error = yield* Effect.flip(Fiber.join(agent))
      expect(error._tag).toBe("NodeRejected")
      yield* eventually("offline", Effect.negate(isOnline(hub)))
    }),
  )

  it.scopedLive("cuts off a user, and a node for a while, whether agents do as they are told or not", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const heard: Array<string> = []
      const orders = {
        lock: (locks: ReadonlyArray<Lock>) => Effect.sync(() => void heard.push(`${locks.length} locks`)),
        end: (target: EndTarget, reason: string) =>
          Effect.sync(() => void heard.push(`${JSON.stringify(target)} ${reason}`)),
        stopping: (endsIn: Duration.Duration) =>
          Effect.sync(() => void heard.push(`stops in ${Duration.format(endsIn)}`)),
        gone: Effect.void,
        leave: () => Effect.void,
      }
      yield* startAgent(hub, never, { orders })
      yield* eventually("online", isOnline(hub))
      const isCut = (stream: Duplex) => Effect.map(Effect.exit(readAll(stream)), Exit.isFailure)
      const connected = Effect.map(hub.connections.users, (users) => [...users.keys()])
      const [ada, eve] = [UserName.make("ada"), UserName.make("eve")]
      const stream = yield* connect(hub)
      expect(yield* hub.connections.of(eve)).toEqual([])
      yield* hub.tunnels.end({ user: ada }, "removed")
      yield* hub.tunnels.stopping(Duration.seconds(30))
      expect(yield* connected).toEqual([ada])
      for (const { cut } of yield* hub.connections.of(ada)) yield* cut("locked")
      expect(yield* isCut(stream)).toBe(true)
      yield* eventually(
        "nobody is connected",
        Effect.map(connected, (users) => users.length === 0),
      )
      const another = yield* connect(hub)
      const lock = { id: LockId.make("0".repeat(26)), target: { kind: "node", name: nodeName }, reason: "" } as const
      yield* hub.tunnels.hold([lock])
      yield* hub.tunnels.hold([lock])
      yield* hub.tunnels.shutOut(nodeName, "web-1 is locked")
      expect(yield* isOnline(hub)).toBe(false)
      expect(yield* isCut(another)).toBe(true)
      yield* eventually("back, and told of the lock before all else", isOnline(hub))
      expect(heard.slice(0, 4)).toEqual(["0 locks", '{"user":"ada"} removed', "stops in 30s", "1 locks"])
      yield* eventually(
        "told again",
        Effect.sync(() => heard.at(4) === "1 locks"),
      )
    }),
  )

  it.scopedLive("leaves no tunnel behind for whoever stops waiting", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      yield* onlineAgent(hub)
      const about = { connectionId: "c", remoteAddress: "127.0.0.1:1", grant: fullGrant("ada") }
      for (let i = 0; i < 20; i++) {
        const fiber = yield* Effect.fork(Effect.scoped(hub.tunnels.connect(nodeName, about)))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(fiber)
      }
      expect(yield* roundTrip(hub)).toBe(true)
    }),
  )

  it.scopedLive("refuses a tunnel of a node that has no control connection", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const scope = yield* Scope.make()
      const tunnel = yield* openWebSocket({
        hub: hub.address,
        trust: hub.trust,
        path: paths.tunnel,
        token: Option.some(yield* nodeToken()),
        maxPayload: maxTunnelMessage,
      }).pipe(Scope.extend(scope))
      tunnel.resume()
      const code = yield* Effect.async<number>((resume) => {
        tunnel.once("close", (code) => resume(Effect.succeed(code)))
      })
      yield* Scope.close(scope, Exit.void)
      expect(code).toBe(1008)
    }),
  )
})
