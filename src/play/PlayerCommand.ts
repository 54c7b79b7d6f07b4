import { millisUntil, movedTo, type PlaybackClock, positionAt, withPaused, withSpeed } from "./PlaybackClock.ts"
import type { PlayerKey } from "./PlayerKeys.ts"

/** How far an arrow moves, in milliseconds of playing at speed 1. */
export const seekMs = 5_000

const slowest = 1 / 16
const fastest = 1024

/** What becomes of playing: it goes on, begins anew up to the clock's position, or ends. */
export type AfterKey =
  | { readonly _tag: "Continue"; readonly clock: PlaybackClock }
  | { readonly _tag: "Rewind"; readonly clock: PlaybackClock }
  | { readonly _tag: "Ended"; readonly how: "quit" | "interrupted" }

const goOn = (clock: PlaybackClock): AfterKey => ({ _tag: "Continue", clock })

/** Obeys a key at `nowMs`, while the next frame is due at `nextDueMs`. */
export const afterKey = (clock: PlaybackClock, key: PlayerKey, nextDueMs: number, nowMs: number): AfterKey => {
  switch (key) {
    case "pause":
      return goOn(withPaused(clock, !clock.paused, nowMs))
    case "step":
      return millisUntil(clock, nextDueMs, nowMs) === 0
        ? goOn(clock)
        : goOn(withPaused(movedTo(clock, nextDueMs, nowMs), true, nowMs))
    case "forward":
      return goOn(movedTo(clock, positionAt(clock, nowMs) + seekMs, nowMs))
    case "back":
      return { _tag: "Rewind", clock: movedTo(clock, Math.max(0, positionAt(clock, nowMs) - seekMs), nowMs) }
    case "faster":
      return goOn(withSpeed(clock, Math.min(fastest, clock.speed * 2), nowMs))
    case "slower":
      return goOn(withSpeed(clock, Math.max(slowest, clock.speed / 2), nowMs))
    case "quit":
      return { _tag: "Ended", how: "quit" }
    case "interrupt":
      return { _tag: "Ended", how: "interrupted" }
  }
}
