/**
 * Where playing stands: at the wall clock's `epochMs` it was at `positionMs`, and it has moved by `speed` since, or stood still.
 * Deadlines are reckoned from the epoch, not from the frame before, so that delays don't add up.
 */
export interface PlaybackClock {
  readonly epochMs: number
  readonly positionMs: number
  readonly speed: number
  readonly paused: boolean
}

/** Playing begins now. */
export const startClock = (nowMs: number, positionMs: number, speed: number): PlaybackClock => ({
  epochMs: nowMs,
  positionMs,
  speed,
  paused: false,
})

/** Where playing is at `nowMs`, in milliseconds at speed 1. */
export const positionAt = (clock: PlaybackClock, nowMs: number): number =>
  clock.paused ? clock.positionMs : clock.positionMs + Math.max(0, nowMs - clock.epochMs) * clock.speed

/** How long until `positionMs` is reached: 0 if it was, Infinity while paused. */
export const millisUntil = (clock: PlaybackClock, positionMs: number, nowMs: number): number => {
  const ahead = positionMs - positionAt(clock, nowMs)
  if (ahead <= 0) return 0
  return clock.paused ? Number.POSITIVE_INFINITY : ahead / clock.speed
}

/** From now on at another speed, from the same position. */
export const withSpeed = (clock: PlaybackClock, speed: number, nowMs: number): PlaybackClock => ({
  ...clock,
  epochMs: nowMs,
  positionMs: positionAt(clock, nowMs),
  speed,
})

/** From now on standing still, or moving again. */
export const withPaused = (clock: PlaybackClock, paused: boolean, nowMs: number): PlaybackClock => ({
  ...clock,
  epochMs: nowMs,
  positionMs: positionAt(clock, nowMs),
  paused,
})

/** At another position from now on. */
export const movedTo = (clock: PlaybackClock, positionMs: number, nowMs: number): PlaybackClock => ({
  ...clock,
  epochMs: nowMs,
  positionMs,
})
