import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Logger, LogLevel, Option, TestClock } from "effect"
import type { RecordingMode } from "../../../src/domain/RecordingMode.ts"
import { sessionMode } from "../../../src/node/mode/SessionMode.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"

/** An agent's choice of modes, whose cluster answers what the test says. */
const scene = Effect.fnUntraced(function* (env: Option.Option<RecordingMode> = Option.none()) {
  const state = { asked: 0, ask: Effect.fail("away") as Effect.Effect<RecordingMode, string> }
  const ask = Effect.suspend(() => {
    state.asked += 1
    return state.ask
  })
  const cacheFile = join(yield* temporaryFolder, "session_recording")
  const mode = Logger.withMinimumLogLevel(sessionMode({ env, ask, cacheFile }), LogLevel.None)
  return { state, mode }
})

describe("a new session's mode", () => {
  it.scoped("is the agent's own default where the cluster has never answered", () =>
    Effect.gen(function* () {
      const { mode } = yield* scene()
      expect(yield* mode).toEqual({ mode: "node", source: "default" })
    }),
  )

  it.scoped("is asked for anew each time, and the last answer where there is none", () =>
    Effect.gen(function* () {
      const { state, mode } = yield* scene()
      for (const answer of ["off", "node-sync"] as const) {
        state.ask = Effect.succeed(answer)
        expect(yield* mode).toEqual({ mode: answer, source: "cluster" })
      }
      state.ask = Effect.fail("away")
      expect(yield* mode).toEqual({ mode: "node-sync", source: "cached" })
      expect(state.asked).toBe(3)
    }),
  )

  it.scoped("is not waited for longer than two seconds", () =>
    Effect.gen(function* () {
      const { state, mode } = yield* scene()
      state.ask = Effect.never
      const chosen = yield* Effect.fork(mode)
      yield* TestClock.adjust("1900 millis")
      expect(chosen.unsafePoll()).toBe(null)
      yield* TestClock.adjust("100 millis")
      expect(yield* chosen).toEqual({ mode: "node", source: "default" })
    }),
  )

  it.scoped("is the variable's, whatever the cluster would say, and nobody is asked", () =>
    Effect.gen(function* () {
      const { state, mode } = yield* scene(Option.some("off"))
      state.ask = Effect.succeed("node-sync")
      expect(yield* mode).toEqual({ mode: "off", source: "env" })
      expect(state.asked).toBe(0)
    }),
  )
})
