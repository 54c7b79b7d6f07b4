import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Logger, LogLevel, Stream, TestClock } from "effect"
import { Drain } from "../../../src/node/session/Drain.ts"
import { SessionRegistry } from "../../../src/session/SessionRegistry.ts"
import { sessionInfo } from "../../support/recordings.ts"

const limit = Duration.seconds(90)

/** A session of which the test knows what it was told. */
const session = Effect.fnUntraced(function* () {
  const drain = yield* Drain
  const registry = yield* SessionRegistry
  const told: Array<string> = []
  const over = Effect.unsafeMakeLatch(false)
  const heard = Effect.flatMap(
    drain.notices,
    Stream.runForEach((text) => Effect.sync(() => void told.push(text))),
  )
  yield* registry.start(sessionInfo, Effect.scoped(Effect.raceFirst(over.await, heard)))
  yield* Effect.repeatN(Effect.yieldNow(), 50)
  return { told, ends: over.open }
})

const scene = <A, E>(effect: Effect.Effect<A, E, Drain | SessionRegistry>) =>
  effect.pipe(
    Effect.provide(Drain.layer),
    Effect.provide(SessionRegistry.layer),
    Logger.withMinimumLogLevel(LogLevel.None),
  )

describe("a node that comes to a stop", () => {
  it.effect("stops at once where nobody is, and begins nothing new", () =>
    Effect.gen(function* () {
      const drain = yield* Drain
      yield* drain.check
      yield* drain.run(limit)
      expect(yield* Effect.flip(drain.check)).toMatchObject({
        message: "this node's agent is stopping: try again in a while",
      })
    }).pipe(scene),
  )

  it.effect("tells who is there when it will be the end, and goes on as soon as they have left", () =>
    Effect.gen(function* () {
      const drain = yield* Drain
      const { told, ends } = yield* session()
      const draining = yield* Effect.fork(drain.run(limit))
      yield* TestClock.adjust("89 seconds")
      expect(told).toEqual(["this node's agent is stopping: this session will be ended in 1m 30s"])
      expect(draining.unsafePoll()).toBe(null)
      yield* ends
      yield* Fiber.join(draining)
    }).pipe(scene),
  )

  it.effect("waits for nobody longer than its limit", () =>
    Effect.gen(function* () {
      const drain = yield* Drain
      const registry = yield* SessionRegistry
      yield* session()
      const draining = yield* Effect.fork(drain.run(limit))
      yield* TestClock.adjust("90 seconds")
      yield* Fiber.join(draining)
      expect(yield* registry.running).toHaveLength(1)
    }).pipe(scene),
  )
})
