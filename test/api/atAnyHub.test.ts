import { expect, it } from "@effect/vitest"
import { Data, Effect, Fiber, TestClock } from "effect"
import { atAnyHub } from "../../src/api/atAnyHub.ts"
import { HubRefused } from "../../src/api/HubRefused.ts"
import { HubUnreachable } from "../../src/api/HubUnreachable.ts"

class Forbidden extends Data.TaggedError("Forbidden")<{ readonly message: string }> {}

const away = (hub: string) => new HubUnreachable({ message: `${hub} is away` })

it.effect("asks the next hub at once where one is away or stops, and tells of the first where none answers", () =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const answers: Record<string, Effect.Effect<string, HubUnreachable | HubRefused>> = {
      a: away("a"),
      b: new HubRefused({ status: 503, byHub: true, message: "stopping" }),
      c: Effect.succeed("c answers"),
    }
    const ask = (hub: string) => {
      asked.push(hub)
      return answers[hub] ?? Effect.die("unknown")
    }
    expect(yield* atAnyHub(["a", "b", "c"], ask)).toBe("c answers")
    expect(asked).toEqual(["a", "b", "c"])
    expect((yield* Effect.flip(atAnyHub(["a", "b"], ask))).message).toBe("a is away")
  }),
)

it.effect("asks nobody else what a hub has decided", () =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const refuse = (hub: string) => {
      asked.push(hub)
      return new Forbidden({ message: `${hub} says no` })
    }
    expect((yield* Effect.flip(atAnyHub(["a", "b"], refuse))).message).toBe("a says no")
    expect(asked).toEqual(["a"])
  }),
)

it.effect("does not wait for a hub that says nothing, and lets go of it", () =>
  Effect.gen(function* () {
    let left = false
    const silent = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (left = true)))
    const fiber = yield* Effect.fork(
      atAnyHub(["a", "b"], (hub) => (hub === "a" ? silent : Effect.succeed("b answers"))),
    )
    yield* TestClock.adjust("1400 millis")
    expect(yield* Fiber.poll(fiber)).toMatchObject({ _tag: "None" })
    yield* TestClock.adjust("200 millis")
    expect([yield* Fiber.join(fiber), left]).toEqual(["b answers", true])
  }),
)
