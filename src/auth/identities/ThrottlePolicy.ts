/** What is remembered of attempts: to log in under one name from one address, or of a user's codes. */
export interface Attempts {
  readonly failures: number
  /** Unix milliseconds; no attempt counts before. */
  readonly blockedUntilMs: number
}

export const noAttempts: Attempts = { failures: 0, blockedUntilMs: 0 }

/** Attempts that cost nothing but themselves. */
const free = 5

const after =
  (firstMs: number, longestMs: number) =>
  ({ failures, blockedUntilMs }: Attempts, nowMs: number): { readonly attempts: Attempts; readonly waitMs: number } => {
    if (nowMs < blockedUntilMs) return { attempts: { failures, blockedUntilMs }, waitMs: blockedUntilMs - nowMs }
    const count = failures + 1
    const block = count < free ? 0 : Math.min(longestMs, firstMs * 2 ** Math.min(count - free, 10))
    return { attempts: { failures: count, blockedUntilMs: nowMs + block }, waitMs: 0 }
  }

/**
 * Lets an attempt through or says how many milliseconds it must wait. An attempt counts as failed from the start, so that
 * many at once don't get by; a success clears it. After five failures the wait is 1 s, and doubles up to a minute.
 */
export const attempt = after(1_000, 60_000)

/**
 * `attempt` for a user's six digits, which may be guessed from everywhere at once: the wait doubles from 30 s up to 15 minutes, in
 * which a day's guesses hit with a chance of 1 in 3,000.
 */
export const codeAttempt = after(30_000, 900_000)

/** Failures of one name, from all addresses together, at a time (Unix milliseconds). */
export interface NameFailures {
  readonly failures: number
  readonly atMs: number
}

export const noFailures: NameFailures = { failures: 0, atMs: 0 }

const halvedAfterMs = 600_000
const freeOfName = 20
const longestDelayMs = 4_000

/** So many failures more, or fewer, at `nowMs`; of those before, half are forgotten every ten minutes. */
export const addFailures = ({ failures, atMs }: NameFailures, more: number, nowMs: number): NameFailures => ({
  failures: Math.max(0, failures * 2 ** (-Math.max(0, nowMs - atMs) / halvedAfterMs) + more),
  atMs: nowMs,
})

/**
 * Milliseconds by which an attempt is put off that is one of so many failures of its name: none up to 20, then from 250 ms
 * doubling up to 4 s. It is bounded, so that others' failures cost whoever has the password some seconds and no more.
 */
export const delayAfter = ({ failures }: NameFailures): number => {
  const over = Math.floor(failures) - freeOfName - 1
  return over < 0 ? 0 : Math.min(longestDelayMs, 250 * 2 ** Math.min(over, 10))
}
