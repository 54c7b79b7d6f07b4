import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Logger, LogLevel, Option, TestClock } from "effect"
import { Unavailable } from "../../../src/api/ApiError.ts"
import type { RecordingSettings } from "../../../src/api/RecordingSettings.ts"
import type { RecordingMode } from "../../../src/domain/RecordingMode.ts"
import { HubCalls } from "../../../src/node/hub/HubCalls.ts"
import { RecordingTerms } from "../../../src/node/recording/RecordingTerms.ts"
import { temporaryFolder } from "../../auth/support/TestHub.ts"
import { masterKey, masterKeyOf } from "../../support/recordings.ts"

const away = new Unavailable({ message: "away" })

const settings = (mode: RecordingMode, key?: typeof masterKey): RecordingSettings => ({
  session_recording: mode,
  spool_key: key === undefined ? null : { id: key.id, public_key: key.recipientKey.base64 },
})

/** An agent whose cluster answers what the test says; `start` is one run of it. */
const scene = Effect.fnUntraced(function* (env: Option.Option<RecordingMode> = Option.none()) {
  const state = { asked: 0, ask: away as Effect.Effect<RecordingSettings, Unavailable> }
  const recordingSettings = Effect.suspend(() => {
    state.asked += 1
    return state.ask
  })
  const cacheFile = join(yield* temporaryFolder, "recording.json")
  const hub = Layer.succeed(HubCalls, {
    recordingSettings,
    register: () => Effect.die("registered"),
    reports: Effect.die("reported"),
  })
  const start = RecordingTerms.pipe(
    Effect.provide(Layer.provide(RecordingTerms.layer({ env, cacheFile }), hub)),
    Effect.map(({ mode, recipient }) => ({ mode: Logger.withMinimumLogLevel(mode, LogLevel.None), recipient })),
  )
  return { state, start, cacheFile, ...(yield* start) }
})

describe("a new session's mode", () => {
  it.scoped("is the agent's own default where the cluster has never answered", () =>
    Effect.gen(function* () {
      const { mode } = yield* scene()
      expect(yield* mode).toEqual({ mode: "node", source: "default" })
    }),
  )

  it.scoped("is asked for anew each time, and the last answer where there is none, also after a restart", () =>
    Effect.gen(function* () {
      const { state, mode, start, cacheFile } = yield* scene()
      for (const answer of ["off", "node-sync"] as const) {
        state.ask = Effect.succeed(settings(answer))
        expect(yield* mode).toEqual({ mode: answer, source: "cluster" })
      }
      state.ask = away
      expect(yield* mode).toEqual({ mode: "node-sync", source: "cached" })
      expect(yield* (yield* start).mode).toEqual({ mode: "node-sync", source: "cached" })
      expect(state.asked).toBe(4)
      expect(statSync(cacheFile).mode & 0o777).toBe(0o600)
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

  it.scoped("is the variable's, whatever the cluster says", () =>
    Effect.gen(function* () {
      const { state, mode } = yield* scene(Option.some("off"))
      state.ask = Effect.succeed(settings("node-sync"))
      expect(yield* mode).toEqual({ mode: "off", source: "env" })
    }),
  )
})

describe("whom a spool is encrypted for", () => {
  it.scoped("is nobody until the cluster has said so, and then whom it said last, also after a restart", () =>
    Effect.gen(function* () {
      const { state, mode, recipient, start, cacheFile } = yield* scene(Option.some("node"))
      yield* mode
      expect(yield* recipient).toEqual(Option.none())
      for (const key of [masterKeyOf(1), masterKey]) {
        state.ask = Effect.succeed(settings("node-sync", key))
        yield* mode
        expect(yield* recipient).toEqual(Option.some(key.recipientKey))
      }
      state.ask = away
      yield* mode
      for (const { recipient: kept } of [{ recipient }, yield* start]) {
        expect(yield* kept).toEqual(Option.some(masterKey.recipientKey))
      }
      expect(readFileSync(cacheFile, "utf8")).toContain(masterKey.id)
      state.ask = Effect.succeed(settings("node-sync"))
      yield* mode
      expect(yield* recipient).toEqual(Option.none())
    }),
  )
})
