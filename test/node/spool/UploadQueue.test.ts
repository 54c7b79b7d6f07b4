import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { SessionId } from "../../../src/domain/Identifiers.ts"
import type { SpooledRecording } from "../../../src/node/spool/Spool.ts"
import { UploadQueue } from "../../../src/node/spool/UploadQueue.ts"

const recording = (index: number): SpooledRecording => ({
  sessionId: SessionId.make(`00000000-0000-4000-8000-${String(index).padStart(12, "0")}`),
  path: `/spool/${index}.rec`,
})
const seven = Array.from({ length: 7 }, (_, index) => recording(index))

describe("UploadQueue", () => {
  it("brings everything, so many at once, however often some fail", () => {
    const moves = FastCheck.array(FastCheck.record({ fails: FastCheck.boolean(), pause: FastCheck.nat(5_000) }), {
      minLength: 20,
      maxLength: 60,
    })
    FastCheck.assert(
      FastCheck.property(moves, FastCheck.integer({ min: 1, max: 3 }), (moves, atOnce) => {
        const queue = new UploadQueue(atOnce)
        const active: Array<SpooledRecording> = []
        let waiting = seven
        let now = 0
        for (const { fails, pause } of [...moves, ...Array(100).fill({ fails: false, pause: 60_000 })]) {
          active.push(...queue.take(waiting, now))
          expect(active.length).toBeLessThanOrEqual(atOnce)
          expect(new Set(active).size).toBe(active.length)
          const one = active.shift()
          if (one === undefined) expect(queue.nextDueMs).toBeGreaterThan(now)
          else if (fails) expect(queue.failed(one, now, 0.5).dueMs).toBeGreaterThan(now)
          else {
            queue.done(one)
            waiting = waiting.filter((other) => other !== one)
          }
          now += pause
        }
        expect(waiting).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it("lets each that failed wait longer than the last time, half a minute at most, and all come at once when the hub is back", () => {
    const queue = new UploadQueue(7)
    queue.take(seven, 0)
    const [one = recording(0)] = seven
    const delays = Array.from({ length: 12 }, () => queue.failed(one, 0, 0.999).dueMs)
    expect(delays).toEqual(delays.toSorted((a, b) => a - b))
    expect(delays[0]).toBeLessThanOrEqual(500)
    expect(delays.at(-1)).toBeLessThanOrEqual(30_000)
    expect(queue.failed(one, 0, 0).dueMs).toBe(15_000)
    for (const other of seven.slice(1)) queue.failed(other, 0, 0.5)
    expect(queue.take(seven, 100)).toEqual([])
    expect(queue.nextDueMs).toBeGreaterThan(100)
    queue.hubIsBack()
    expect(queue.take(seven, 100)).toEqual(seven)
    expect(queue.nextDueMs).toBe(Number.POSITIVE_INFINITY)
  })
})
