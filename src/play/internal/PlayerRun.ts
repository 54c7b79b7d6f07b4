import { Chunk, Clock, Effect, Fiber, Option, type Scope } from "effect"
import type { Frame } from "../../domain/Frame.ts"
import type { RecordingError } from "../../recording/RecordingError.ts"
import type { EventLines } from "../EventLines.ts"
import type { KeyBuffer } from "../KeyBuffer.ts"
import type { OutputLost } from "../OutputLost.ts"
import { millisUntil, type PlaybackClock } from "../PlaybackClock.ts"
import { afterKey } from "../PlayerCommand.ts"
import type { PlayerScreen } from "../PlayerScreen.ts"
import { cue, startOfTimeline, type Timeline, type TimelineOptions } from "../Timeline.ts"
import { drawFrame } from "./drawFrame.ts"

/** Longer waits are cut in pieces: a timer holds no more than 2^31 ms. */
const longestSleepMs = 3_600_000

/** Why a run from the session's start ended. */
export type Outcome =
  | { readonly _tag: "Ended"; readonly how: "finished" | "quit" | "interrupted" }
  | { readonly _tag: "Rewind"; readonly clock: PlaybackClock }

const finished: Outcome = { _tag: "Ended", how: "finished" }

/** The next frames, or none after the last. */
export type Pull<E> = Effect.Effect<Option.Option<Chunk.Chunk<Frame>>, E>

/** One run from the session's start on: what is due before the clock's position is drawn at once. */
export class PlayerRun {
  private timeline: Timeline
  private clock: PlaybackClock
  private readonly options: TimelineOptions
  private readonly screen: PlayerScreen
  private readonly keys: KeyBuffer
  private readonly events: EventLines

  constructor(
    options: TimelineOptions,
    screen: PlayerScreen,
    keys: KeyBuffer,
    clock: PlaybackClock,
    events: EventLines,
  ) {
    this.events = events
    this.options = options
    this.screen = screen
    this.keys = keys
    this.clock = clock
    this.timeline = startOfTimeline(options)
  }

  /** Plays what `pull` gives until it has no more, or a key ends or rewinds it. */
  run<E>(pull: Pull<E>): Effect.Effect<Outcome, E | OutputLost | RecordingError, Scope.Scope> {
    return Effect.gen(this, function* () {
      while (true) {
        const reading = yield* Effect.forkScoped(pull)
        const outcome = yield* this.whileReading(reading)
        if (outcome !== undefined) return outcome
        const frames = yield* Fiber.join(reading)
        if (Option.isNone(frames)) return finished
        const drawn = yield* this.drawAll(frames.value)
        if (drawn !== undefined) return drawn
      }
    })
  }

  /** Obeys keys until the frames are there. */
  private whileReading(reading: Fiber.Fiber<unknown, unknown>): Effect.Effect<Outcome | undefined> {
    return Effect.gen(this, function* () {
      while (Option.isNone(yield* Fiber.poll(reading))) {
        yield* Effect.raceFirst(Fiber.await(reading), this.keys.arrived)
        const outcome = yield* this.obey(this.timeline.dueMs)
        if (outcome !== undefined) return outcome
      }
      return undefined
    })
  }

  private drawAll(frames: Chunk.Chunk<Frame>): Effect.Effect<Outcome | undefined, OutputLost | RecordingError> {
    return Effect.gen(this, function* () {
      const inOrder = Chunk.toReadonlyArray(frames)
      for (const [index, frame] of inOrder.entries()) {
        const [timeline, decision] = cue(this.timeline, frame, this.options)
        if (decision._tag === "Stop") return finished
        this.timeline = timeline
        const outcome = yield* this.waitUntil(decision.dueMs)
        if (outcome !== undefined) return outcome
        yield* drawFrame(this.screen, frame, this.upToEnd(inOrder[index + 1]), this.events)
      }
      return undefined
    })
  }

  /** The frame, unless it is after what is played. */
  private upToEnd(frame: Frame | undefined): Frame | undefined {
    return frame === undefined || frame.timeMs > this.options.toMs ? undefined : frame
  }

  private waitUntil(dueMs: number): Effect.Effect<Outcome | undefined> {
    return Effect.gen(this, function* () {
      while (true) {
        const outcome = yield* this.obey(dueMs)
        if (outcome !== undefined) return outcome
        const waitMs = millisUntil(this.clock, dueMs, yield* Clock.currentTimeMillis)
        if (waitMs === 0) return undefined
        yield* Effect.raceFirst(Effect.sleep(Math.min(waitMs, longestSleepMs)), this.keys.arrived)
      }
    })
  }

  private obey(nextDueMs: number): Effect.Effect<Outcome | undefined> {
    return Effect.gen(this, function* () {
      for (let key = this.keys.take(); key !== undefined; key = this.keys.take()) {
        const after = afterKey(this.clock, key, nextDueMs, yield* Clock.currentTimeMillis)
        if (after._tag !== "Continue") return after
        this.clock = after.clock
      }
      return undefined
    })
  }
}
