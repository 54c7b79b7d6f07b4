import { generateKeyPairSync } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Exit, FastCheck, Fiber, Option, Ref, Scope } from "effect"
import { reconnectDelay } from "../../../src/agent/tunnel/ReconnectDelay.ts"
import { connectThroughHub } from "../../../src/api/ConnectThroughHub.ts"
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
