import { it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import { describe, expect } from "vitest"
import { type Frame, FrameKind } from "../../src/domain/Frame.ts"
import type { ShownEvents } from "../../src/play/EventLines.ts"
import { KeyBuffer } from "../../src/play/KeyBuffer.ts"
import { play } from "../../src/play/Player.ts"
import { PlayerKeys } from "../../src/play/PlayerKeys.ts"
import type { PlayerScreen } from "../../src/play/PlayerScreen.ts"
import { encodeCommands, encodeFiles } from "../../src/recording/index.ts"
import { outputFrame, text } from "../support/recordings.ts"

const fakeScreen = () => {
  const shown: Array<string> = []
  const show = (prefix: string) => (bytes: Uint8Array) =>
    Effect.sync(() => void shown.push(prefix + Buffer.from(bytes).toString("utf8")))
  const screen: PlayerScreen = {
    output: show(""),
    stderr: show("stderr:"),
    notice: (notice) => Effect.sync(() => void shown.push(`notice:${notice}`)),
    event: (line) => Effect.sync(() => void shown.push(`event:${line}`)),
    clear: Effect.sync(() => void shown.push("clear")),
  }
  return { screen, shown }
}

const frames = [0, 1_000, 2_000, 20_000].map((timeMs, index) => outputFrame(index + 1, text(`f${index}`), timeMs))
const typed: Frame = { ...outputFrame(5, text("secret"), 20_000), kind: FrameKind.Input }

interface StartOptions {
  readonly speed?: number
  readonly list?: ReadonlyArray<Frame>
  readonly events?: ShownEvents
  readonly toMs?: number
}

const start = (options: StartOptions = {}) =>
  Effect.gen(function* () {
    const { screen, shown } = fakeScreen()
    const keys = new KeyBuffer()
    const fiber = yield* Effect.fork(
      play({
        frames: Stream.fromIterable(options.list ?? frames),
        fromMs: 0,
        toMs: options.toMs ?? Number.POSITIVE_INFINITY,
        longestIdleMs: Number.POSITIVE_INFINITY,
        speed: options.speed ?? 1,
        screen,
        keys,
        events: options.events ?? "none",
      }),
    )
    const press = (key: string) =>
      Effect.sync(() => keys.press(new PlayerKeys().read(Buffer.from(key)))).pipe(Effect.zipRight(settle))
    yield* settle
    return { shown, press, fiber }
  })

const settle = Effect.yieldNow().pipe(Effect.repeatN(50))
const pass = (millis: number) => TestClock.adjust(millis).pipe(Effect.zipRight(settle))

describe("play", () => {
  it.effect("shows each frame when it is due", () =>
    Effect.gen(function* () {
      const { shown, fiber } = yield* start()
      expect(shown).toEqual(["f0"])
      yield* pass(999)
      expect(shown).toEqual(["f0"])
      yield* pass(1)
      expect(shown).toEqual(["f0", "f1"])
      yield* pass(19_000)
      expect(shown).toEqual(["f0", "f1", "f2", "f3"])
      expect(yield* Fiber.join(fiber)).toBe("finished")
    }),
  )

  it.effect("plays faster, and never shows what was typed", () =>
    Effect.gen(function* () {
      const { shown, fiber } = yield* start({ speed: 10, list: [...frames, typed] })
      yield* pass(2_000)
      expect(yield* Fiber.join(fiber)).toBe("finished")
      expect(shown).toEqual(["f0", "f1", "f2", "f3"])
    }),
  )

  it.effect("pauses, steps, and goes on", () =>
    Effect.gen(function* () {
      const { shown, press } = yield* start()
      yield* press(" ")
      yield* pass(100_000)
      expect(shown).toEqual(["f0"])
      yield* press(".")
      expect(shown).toEqual(["f0", "f1"])
      yield* press(".")
      expect(shown).toEqual(["f0", "f1", "f2"])
      yield* press(" ")
      yield* pass(17_999)
      expect(shown).toHaveLength(3)
      yield* pass(1)
      expect(shown).toHaveLength(4)
    }),
  )

  it.effect("seeks forward at once, and back by drawing anew", () =>
    Effect.gen(function* () {
      const { shown, press, fiber } = yield* start()
      yield* press("\x1b[C")
      expect(shown).toEqual(["f0", "f1", "f2"])
      yield* press("\x1b[D")
      expect(shown).toEqual(["f0", "f1", "f2", "clear", "f0"])
      yield* press("q")
      expect(yield* Fiber.join(fiber)).toBe("quit")
    }),
  )

  it.effect("obeys keys while it waits for frames", () =>
    Effect.gen(function* () {
      const { screen } = fakeScreen()
      const keys = new KeyBuffer()
      const all = { fromMs: 0, toMs: 1, longestIdleMs: 1, speed: 1, screen, keys, events: "none" as const }
      const fiber = yield* Effect.fork(play({ ...all, frames: Stream.never }))
      yield* settle
      keys.press(["interrupt"])
      expect(yield* Fiber.join(fiber)).toBe("interrupted")
    }),
  )

  it.effect("shows what processes did at its moment, without routine unless all is wanted", () =>
    Effect.gen(function* () {
      const seen = { timeUs: 900_000, pid: 7, name: "cat", flags: 0, cut: false, unseen: false }
      const [files = text("")] = encodeFiles([
        { ...seen, path: text("/etc/shadow"), error: 13 },
        { ...seen, path: text("/lib/x86_64-linux-gnu/libc.so.6"), error: 0 },
        { ...seen, path: text("/deep/shadow"), error: 0, cut: true },
      ])
      const list = [outputFrame(1, text("f0"), 0), { ...outputFrame(2, files, 1_000), kind: FrameKind.File }]
      const shadow = "event:7 cat opens /etc/shadow O_RDONLY: EACCES"
      const library = "event:7 cat opens /lib/x86_64-linux-gnu/libc.so.6 O_RDONLY"
      const cut = "event:7 cat opens …/deep/shadow O_RDONLY"
      for (const [events, expected] of [
        ["none", []],
        ["notable", [shadow, cut]],
        ["all", [shadow, library, cut]],
      ] as const) {
        const { shown, fiber } = yield* start({ list, events })
        yield* TestClock.adjust("2 seconds")
        expect(yield* Fiber.join(fiber)).toBe("finished")
        expect(shown).toEqual(["f0", ...expected])
      }
    }),
  )

  it.effect("shows what stands together in the order in which it happened, also where playing ends between", () =>
    Effect.gen(function* () {
      const opened = (timeUs: number, path: string) => ({
        timeUs,
        pid: 7,
        name: "cat",
        flags: 0,
        cut: false,
        unseen: false,
        path: text(path),
        error: 0,
      })
      const [early = text("")] = encodeFiles([opened(1_000, "/a"), opened(3_000, "/c")])
      const [late = text("")] = encodeFiles([opened(2_000, "/b")])
      const [ends = text("")] = encodeCommands([
        { _tag: "Ended", timeUs: 2_500, pid: 7, exit: { _tag: "Code", code: 0 } },
      ])
      const frame = (seq: number, kind: FrameKind, payload: Uint8Array, timeMs: number) => ({
        ...outputFrame(seq, payload, timeMs),
        kind,
      })
      const list = [
        frame(1, FrameKind.Exec, ends, 5),
        frame(2, FrameKind.File, early, 5),
        frame(3, FrameKind.File, late, 30),
        outputFrame(4, text("shown"), 31),
      ]
      const opens = (path: string) => `event:7 cat opens ${path} O_RDONLY`
      for (const [toMs, expected] of [
        [1_000, [opens("/a"), opens("/b"), "event:7 ends: exit 0", opens("/c"), "shown"]],
        [20, [opens("/a"), "event:7 ends: exit 0", opens("/c")]],
      ] as const) {
        const { shown, fiber } = yield* start({ list, events: "all", toMs })
        yield* TestClock.adjust("2 seconds")
        expect(yield* Fiber.join(fiber)).toBe("finished")
        expect(shown).toEqual(expected)
      }
    }),
  )

  it.effect("shows all that is good, then fails", () =>
    Effect.gen(function* () {
      const { screen, shown } = fakeScreen()
      const broken = Stream.concat(Stream.fromIterable(frames.slice(0, 2)), Stream.fail("damaged" as const))
      const options = {
        fromMs: 0,
        toMs: 1e9,
        longestIdleMs: 0,
        speed: 1,
        screen,
        keys: new KeyBuffer(),
        events: "none" as const,
      }
      const error = yield* Effect.flip(play({ ...options, frames: broken }))
      expect(error).toBe("damaged")
      expect(shown).toEqual(["f0", "f1"])
    }),
  )
})

describe("PlayerKeys", () => {
  it("reads keys cut in two", () => {
    const keys = new PlayerKeys()
    expect(keys.read(Buffer.from("\x1b"))).toEqual([])
    expect(keys.read(Buffer.from("[C+"))).toEqual(["forward", "faster"])
    expect(keys.read(Buffer.from("x\x1b[15~q"))).toEqual(["quit"])
  })
})
