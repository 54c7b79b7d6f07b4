import { Duration } from "effect"

/** How attempts are spread, in milliseconds. */
export interface BackOff {
  readonly first: number
  readonly longest: number
}

/**
 * How long to wait after the nth failure in a row (from 0): doubling up to the longest, of which a random part (`random` in
 * [0, 1)) between half and the whole is waited, so that what comes back is not met by everybody at once.
 */
export const backOff = ({ first, longest }: BackOff, failures: number, random: number): Duration.Duration => {
  const whole = Math.min(longest, first * 2 ** Math.min(failures, 16))
  return Duration.millis(whole / 2 + (whole / 2) * random)
}
