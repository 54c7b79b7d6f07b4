import { it } from "@effect/vitest"
import { FastCheck } from "effect"
import { describe, expect } from "vitest"
import { millisUntil, movedTo, positionAt, startClock, withPaused, withSpeed } from "../../src/play/PlaybackClock.ts"
import { cue, startOfTimeline, type TimelineOptions } from "../../src/play/Timeline.ts"

const whole: TimelineOptions = { fromMs: 0, toMs: Number.POSITIVE_INFINITY, longestIdleMs: Number.POSITIVE_INFINITY }

const dueTimes = (times: ReadonlyArray<number>, options: TimelineOptions): ReadonlyArray<number> => {
  const due: Array<number> = []
  let timeline = startOfTimeline(options)
  for (const timeMs of times) {
    const [next, decision] = cue(timeline, { timeMs }, options)
    if (decision._tag === "Stop") break
    timeline = next
    due.push(decision.dueMs)
  }
  return due
}

const times = FastCheck.array(FastCheck.nat(100_000), { maxLength: 30 }).map((list) => list.sort((a, b) => a - b))

describe("Timeline", () => {
  it("plays the whole as it happened", () => {
    expect(dueTimes([0, 100, 100, 5000], whole)).toEqual([0, 100, 100, 5000])
  })

  it("cuts pauses, and goes on from there", () => {
    expect(dueTimes([0, 10_000, 10_500, 60_000], { ...whole, longestIdleMs: 2_000 })).toEqual([0, 2_000, 2_500, 4_500])
  })

  it("draws what was before --from at once, and stops after --to", () => {
    expect(dueTimes([0, 500, 1_000, 1_500, 3_000, 3_001], { ...whole, fromMs: 1_000, toMs: 3_000 })).toEqual([
      0, 0, 0, 500, 2_000,
    ])
  })

  it.prop(
    "never goes back, nor waits longer than allowed",
    [times, FastCheck.nat(50_000), FastCheck.nat(5_000)],
    ([list, fromMs, longestIdleMs]) => {
      const due = dueTimes(list, { ...whole, fromMs, longestIdleMs })
      expect(due).toHaveLength(list.length)
      due.reduce((before, next) => {
        expect(next - before).toBeGreaterThanOrEqual(0)
        expect(next - before).toBeLessThanOrEqual(longestIdleMs)
        return next
      }, 0)
    },
  )
})

describe("PlaybackClock", () => {
  it("reckons from the epoch", () => {
    const clock = startClock(1_000, 0, 2)
    expect(positionAt(clock, 1_500)).toBe(1_000)
    expect(millisUntil(clock, 4_000, 1_500)).toBe(1_500)
    expect(millisUntil(clock, 500, 1_500)).toBe(0)
  })

  it("stands still while paused", () => {
    const paused = withPaused(startClock(0, 0, 1), true, 1_000)
    expect(positionAt(paused, 9_000)).toBe(1_000)
    expect(millisUntil(paused, 1_001, 9_000)).toBe(Number.POSITIVE_INFINITY)
    expect(positionAt(withPaused(paused, false, 9_000), 9_500)).toBe(1_500)
  })

  it.prop(
    "does not jump when speed or pause change",
    [FastCheck.nat(10_000), FastCheck.integer({ min: 1, max: 64 })],
    ([nowMs, speed]) => {
      const clock = startClock(0, 0, 1)
      expect(positionAt(withSpeed(clock, speed, nowMs), nowMs)).toBe(nowMs)
      expect(positionAt(withPaused(clock, true, nowMs), nowMs)).toBe(nowMs)
      expect(positionAt(movedTo(clock, 7, nowMs), nowMs)).toBe(7)
    },
  )
})
