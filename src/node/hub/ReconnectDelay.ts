import { Duration } from "effect"
import { backOff } from "../../domain/BackOff.ts"

/** A connection that held this long counts as a success: the next failure begins at the shortest delay again. */
export const stableAfter = Duration.seconds(30)

/** How long to wait after the nth failure in a row (from 0), up to 30 s; see `backOff`. */
export const reconnectDelay = (failures: number, random: number): Duration.Duration =>
  backOff({ first: 500, longest: 30_000 }, failures, random)
