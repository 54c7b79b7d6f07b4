import { Duration } from "effect"

const firstMs = 500
const longestMs = 30_000

/** A connection that held this long counts as a success: the next failure begins at the shortest delay again. */
export const stableAfter = Duration.seconds(30)

/**
 * How long to wait after the nth failure in a row (from 0): doubling up to 30 s, of which a random part (`random` in
 * [0, 1)) between half and the whole is waited, so that a hub that comes back is not met by all its nodes at once.
 */
export const reconnectDelay = (failures: number, random: number): Duration.Duration => {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 16))
  return Duration.millis(whole / 2 + (whole / 2) * random)
}
