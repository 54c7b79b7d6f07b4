/** What is remembered of one name's attempts to log in. */
export interface Attempts {
  readonly failures: number
  /** Unix milliseconds; no attempt counts before. */
  readonly blockedUntilMs: number
}

export const noAttempts: Attempts = { failures: 0, blockedUntilMs: 0 }

/** Attempts that cost nothing but themselves. */
const free = 5
const longestMs = 60_000

/**
 * Lets an attempt through or says how many milliseconds it must wait. An attempt counts as failed from the start, so that
 * many at once don't get by; a success clears it. After five failures the wait is 1 s, and doubles up to a minute.
 */
export const attempt = (
  { failures, blockedUntilMs }: Attempts,
  nowMs: number,
): { readonly attempts: Attempts; readonly waitMs: number } => {
  if (nowMs < blockedUntilMs) return { attempts: { failures, blockedUntilMs }, waitMs: blockedUntilMs - nowMs }
  const count = failures + 1
  const block = count < free ? 0 : Math.min(longestMs, 1_000 * 2 ** Math.min(count - free, 10))
  return { attempts: { failures: count, blockedUntilMs: nowMs + block }, waitMs: 0 }
}
