import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { NewestFirst } from "../../../src/auth/identities/internal/NewestFirst.ts"

it.live("a turn that somebody is given as they go away is the next one's", () =>
  Effect.gen(function* () {
    const turns = new NewestFirst({ atOnce: 1, waiting: 4, overtaken: "overtaken" })
    const [begun, leave] = [yield* Deferred.make<void>(), yield* Deferred.make<Effect.Effect<void>>()]
    const first = yield* Effect.fork(
      turns.run(Effect.zipRight(Deferred.succeed(begun, undefined), Effect.flatten(Deferred.await(leave)))),
    )
    yield* Deferred.await(begun)
    const waiting = yield* Effect.fork(turns.run(Effect.void))
    yield* Effect.yieldNow()
    // In the turn before: who waits hears of both before it can go on.
    yield* Deferred.succeed(leave, Effect.asVoid(waiting.interruptAsFork(first.id())))
    yield* Fiber.join(first)
    yield* Fiber.await(waiting)
    const next = turns.run(Effect.succeed("in")).pipe(Effect.timeoutOption("1 second"))
    expect(yield* next).toEqual(Option.some("in"))
  }),
)
