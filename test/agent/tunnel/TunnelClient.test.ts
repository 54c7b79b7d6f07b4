import { generateKeyPairSync } from "node:crypto"
import { createServer, type Server } from "node:http"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, FastCheck, Fiber, Option, Ref, Scope } from "effect"
import { connectThroughHub } from "../../../src/api/ConnectThroughHub.ts"
import { HubTrust } from "../../../src/api/HubTrust.ts"
import { paths } from "../../../src/api/transport/TunnelMessages.ts"
import { reconnectDelay } from "../../../src/node/hub/ReconnectDelay.ts"
import type { UpgradeHandler } from "../../../src/proxy/Upgrade.ts"
import { echo, eventually, isOnline, onlineAgent, startAgent } from "../../proxy/TestAgent.ts"
import { nodeToken, testHub, userToken } from "../../proxy/TestHub.ts"

describe("the agent's tunnel client", () => {
  it.scopedLive("comes back after the hub restarted, and serves again", () =>
    Effect.gen(function* () {
      const first = yield* Scope.make()
      const hub = yield* testHub().pipe(Scope.extend(first))
      const agent = yield* onlineAgent(hub)
      yield* Scope.close(first, Exit.void)
      const again = yield* testHub({ port: hub.address.port, identity: hub.identity })
      yield* eventually("online again", isOnline(again))
      const stream = yield* connectThroughHub({
        ...again,
        hub: again.address,
        token: yield* userToken(),
        node: "web-1",
      })
      const answer = yield* Effect.async<string>((resume) => {
        stream.once("data", (data: Buffer) => resume(Effect.succeed(data.toString())))
        stream.write("hello")
      })
      expect(answer).toBe("hello")
      expect(Option.isNone(yield* Fiber.poll(agent))).toBe(true)
    }),
  )

  it.scopedLive("gives up only where the hub refuses the node for good", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      yield* Ref.set(hub.removed, true)
      const agent = yield* startAgent(hub)
      const error = yield* Effect.flip(Fiber.join(agent))
      expect(error).toMatchObject({ _tag: "NodeRejected", message: "web-1 was removed" })
    }),
  )

  it.scopedLive("does not take a load balancer's 403 for the hub's word", () =>
    Effect.gen(function* () {
      const attempts = yield* Ref.make(0)
      const balancer = yield* Effect.acquireRelease(
        Effect.async<Server>((resume) => {
          const server = createServer()
          server.on("upgrade", (_request, socket) =>
            socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n<p>no"),
          )
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close()),
      )
      const { port } = balancer.address() as { port: number }
      const token = Effect.zipRight(
        Ref.update(attempts, (n) => n + 1),
        nodeToken(),
      )
      yield* startAgent({ address: { host: "127.0.0.1", port, tls: false }, trust: HubTrust.Plain() }, echo, { token })
      yield* eventually(
        "a second attempt",
        Effect.map(Ref.get(attempts), (n) => n > 1),
      )
    }),
  )

  it.scopedLive("comes back from a hub that fell silent without a close", () =>
    Effect.gen(function* () {
      const lives = yield* Ref.make(0)
      const silent: UpgradeHandler = (upgrade) =>
        upgrade.accept({ maxPayload: 1000 }).pipe(
          Effect.tap((socket) =>
            socket.send(JSON.stringify({ type: "welcome", node: "web-1", ping_interval_ms: 100, locks: [] })),
          ),
          Effect.zipRight(Ref.update(lives, (n) => n + 1)),
        )
      const hub = yield* testHub({ upgrades: { [paths.control]: silent } })
      yield* startAgent(hub)
      yield* eventually(
        "a second life",
        Effect.map(Ref.get(lives), (n) => n > 1),
      )
    }),
  )

  it.scopedLive("keeps trying with a token that is not believed now", () =>
    Effect.gen(function* () {
      const hub = yield* testHub()
      const stranger = generateKeyPairSync("ed25519").privateKey
      const attempts = yield* Ref.make(0)
      const token = Ref.updateAndGet(attempts, (n) => n + 1).pipe(
        Effect.flatMap((n) => (n === 1 ? nodeToken(stranger) : nodeToken())),
      )
      yield* startAgent(hub, echo, { token })
      yield* eventually("online at the second attempt", isOnline(hub))
      expect(yield* Ref.get(attempts)).toBeGreaterThan(1)
    }),
  )
})

describe("reconnectDelay", () => {
  it.effect.prop(
    "doubles from half a second up to 30 s, of which at least half is waited",
    { failures: FastCheck.nat(10_000), random: FastCheck.double({ min: 0, max: 0.999, noNaN: true }) },
    ({ failures, random }) =>
      Effect.sync(() => {
        const ms = Duration.toMillis(reconnectDelay(failures, random))
        const whole = Math.min(30_000, 500 * 2 ** Math.min(failures, 10))
        expect(ms).toBeGreaterThanOrEqual(whole / 2)
        expect(ms).toBeLessThanOrEqual(whole)
      }),
  )
})
