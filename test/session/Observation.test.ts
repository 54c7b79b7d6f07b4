import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { RecordingLost } from "../../src/session/RecordingSink.ts"
import { fakeObservation } from "./support/FakeObservation.ts"
import { fakeSession, until } from "./support/FakeSession.ts"

describe("a session that is observed", () => {
  it.effect("records what is seen among what is shown, and at its end all that was seen until then", () =>
    Effect.gen(function* () {
      const { observation, state, sees } = yield* fakeObservation
      const { terminal, client, local, remote, run, acksAll } = yield* fakeSession({ observation })
      const fiber = yield* Effect.fork(run)
      sees("ls")
      yield* until(() => local.frames.length === 1)
      terminal.prints("a b c")
      yield* until(() => client.seen.length === 1)
      sees("exit")
      acksAll()
      terminal.ends(0)
      const end = yield* Fiber.join(fiber)
      expect(local.texts()).toEqual(["Exec ls", "a b c", "Exec exit"])
      expect(remote.frames).toEqual(local.frames)
      expect([end.frames, end.status, state.stopped]).toEqual([3, "completed", true])
    }),
  )

  it.effect("records what was seen before it was ended from outside", () =>
    Effect.gen(function* () {
      const { observation, sees } = yield* fakeObservation
      const { terminal, local, run, client } = yield* fakeSession({ observation, mode: "node" })
      const fiber = yield* Effect.fork(run)
      terminal.prints("$ ")
      yield* until(() => client.seen.length === 1)
      sees("make")
      yield* Fiber.interrupt(fiber)
      expect(local.texts()).toEqual(["$ ", "Exec make"])
      expect(local.ends).toMatchObject([{ frames: 2, status: "interrupted" }])
    }),
  )

  it.effect("lets neither a flood of what is seen nor one of what is shown keep the other from being recorded", () =>
    Effect.gen(function* () {
      const { observation, sees } = yield* fakeObservation
      const { terminal, local, run, acksAll } = yield* fakeSession({ observation })
      const fiber = yield* Effect.fork(run)
      const recorded = () => local.frames.map(({ frame }) => frame.kind)
      const flood = (round: number) => {
        sees("e".repeat(20_000 + round))
        terminal.prints("o".repeat(20_000 + round))
      }
      // A window's worth of both waits all the time.
      for (let round = 0; round < 3; round++) flood(round)
      for (let round = 3; round < 20; round++) {
        const before = recorded().length
        flood(round)
        yield* until(() => recorded().length > 0)
        acksAll()
        yield* until(() => recorded().length > before)
        const [shown = 0, seen = 0] = [1, 7].map((kind) => recorded().filter((each) => each === kind).length)
        expect(Math.abs(shown - seen)).toBeLessThanOrEqual(4)
      }
      while (recorded().length < 40) {
        const before = recorded().length
        acksAll()
        yield* until(() => recorded().length > before)
      }
      terminal.ends(0)
      acksAll()
      yield* Fiber.join(fiber)
      expect(recorded().filter((kind) => kind === 7)).toHaveLength(20)
    }),
  )

  it.effect("ends, and its program with it, where it must not go on unobserved", () =>
    Effect.gen(function* () {
      const { observation, fails } = yield* fakeObservation
      const { terminal, local, run, client } = yield* fakeSession({ observation })
      const fiber = yield* Effect.fork(run)
      terminal.prints("$ ")
      yield* until(() => client.seen.length === 1)
      fails(new RecordingLost({ message: "the probe was ended" }))
      const exit = yield* Fiber.await(fiber)
      expect(Exit.isFailure(exit)).toBe(true)
      expect(terminal.state.closed).toBe(true)
      expect(local.ends).toMatchObject([{ status: "interrupted", reason: "the probe was ended" }])
    }),
  )
})
