import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Watermark } from "../../src/session/Watermark.ts"

describe("Watermark", () => {
  it.effect("lets each wait for its own level, and tells listeners of every rise", () =>
    Effect.gen(function* () {
      const mark = new Watermark<string>(3)
      const heard: Array<number> = []
      const stop = mark.listen((value) => heard.push(value))
      const [low, high] = [yield* Effect.fork(mark.reaches(4)), yield* Effect.fork(mark.reaches(9))]
      yield* Effect.yieldNow()
      for (const value of [2, 3, 5, 5, 4]) mark.raise(value)
      expect(yield* Fiber.join(low)).toBe(5)
      expect(high.unsafePoll()).toBeNull()
      stop()
      mark.raise(Number.POSITIVE_INFINITY)
      expect(yield* Fiber.join(high)).toBe(Number.POSITIVE_INFINITY)
      expect([heard, mark.value]).toEqual([[5], Number.POSITIVE_INFINITY])
    }),
  )

  it.effect("fails all who wait, now and later, with the first failure, and rises no more", () =>
    Effect.gen(function* () {
      const mark = new Watermark<string>(1)
      const waiting = yield* Effect.fork(Effect.flip(mark.reaches(2)))
      yield* Effect.yieldNow()
      mark.fail("first")
      mark.fail("second")
      mark.raise(7)
      expect(yield* Fiber.join(waiting)).toBe("first")
      expect(yield* Effect.flip(mark.failure)).toBe("first")
      expect(yield* mark.reaches(1)).toBe(1)
      expect([mark.value, mark.failed]).toEqual([1, true])
    }),
  )

  it.effect("forgets who is not waiting any more", () =>
    Effect.gen(function* () {
      const mark = new Watermark<string>(0)
      const waiting = yield* Effect.fork(mark.reaches(1))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      mark.raise(1)
      expect(mark.value).toBe(1)
    }),
  )
})
