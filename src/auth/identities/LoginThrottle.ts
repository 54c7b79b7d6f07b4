import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer } from "effect"
import { type MinuteCount, noneInMinute, oneMore, untilNextMinute } from "../../domain/MinuteCount.ts"
import { networkOf } from "../../domain/networkOf.ts"
import { AttemptMemory } from "./AttemptMemory.ts"
import { LeastRecent } from "./LeastRecent.ts"
import {
  type Attempts,
  addFailures,
  attempt,
  delayAfter,
  type NameFailures,
  noAttempts,
  noFailures,
} from "./ThrottlePolicy.ts"

/** Logins that one address may try in a minute, whatever they are: each costs a derivation. */
const perMinute = 60

/** Whose password is tried, and from where. */
export interface Guess {
  readonly user: string
  /** `ADDRESS:PORT`; null for the hub's own host. */
  readonly remoteAddress: string | null
}

const pairOf = ({ user, remoteAddress }: Guess): string => `${networkOf(remoteAddress)} ${user}`

/** This hub counts so many addresses by itself, besides what all of them count together. */
const remembered = 10_000

const make = Effect.gen(function* () {
  const memory = yield* AttemptMemory
  const triedHere = new LeastRecent<MinuteCount>(remembered)

  const count = (user: string, failures: number, nowMs: number) =>
    memory.modify("name", user, (known: NameFailures | undefined) => {
      const counted = addFailures(known ?? noFailures, failures, nowMs)
      return [counted, counted]
    })

  const admit = Effect.fnUntraced(function* (remoteAddress: string | null) {
    const now = yield* Clock.currentTimeMillis
    const network = networkOf(remoteAddress)
    const here = oneMore(triedHere.get(network) ?? noneInMinute, now)
    triedHere.remember(network, here)
    // A flood must not cost the database anything: its connections are everybody's.
    if (here.count > perMinute) return untilNextMinute(now)
    const tried = yield* memory.modify("address", network, (known: MinuteCount | undefined) => {
      const counted = oneMore(known ?? noneInMinute, now)
      return [counted, counted]
    })
    return tried.count > perMinute ? untilNextMinute(now) : 0
  })

  const begin = Effect.fnUntraced(function* (guess: Guess) {
    const now = yield* Clock.currentTimeMillis
    const waitMs = yield* memory.modify("pair", pairOf(guess), (known: Attempts | undefined) => {
      const next = attempt(known ?? noAttempts, now)
      return [next.waitMs, next.attempts]
    })
    if (waitMs > 0) return waitMs
    yield* Effect.sleep(delayAfter(yield* count(guess.user, 1, now)))
    return 0
  })

  // The name's other failures stay: that they were gone would tell whoever made them that there is such a user.
  const succeeded = Effect.fnUntraced(function* (guess: Guess) {
    yield* memory.modify("pair", pairOf(guess), () => [undefined, undefined])
    yield* count(guess.user, -1, yield* Clock.currentTimeMillis)
  })

  return { admit, begin, succeeded }
})

/**
 * Slows down whoever guesses a user's password, known user or not, and locks nobody else out: who fails from one address waits
 * there, and a name that fails from many is only answered late, at whichever hub. It need not be exact, only make guessing slow.
 */
export class LoginThrottle extends Context.Tag("mezite/auth/LoginThrottle")<
  LoginThrottle,
  {
    /** Milliseconds until that address may try anything again; 0: go on. */
    readonly admit: (remoteAddress: string | null) => Effect.Effect<number, SqlError>
    /**
     * Milliseconds until that password may be tried from there again; 0: go on, and it counts as failed until `succeeded`. Takes
     * up to 4 s itself where that name has failed often.
     */
    readonly begin: (guess: Guess) => Effect.Effect<number, SqlError>
    readonly succeeded: (guess: Guess) => Effect.Effect<void, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<LoginThrottle, never, SqlClient.SqlClient> = Layer.effect(
    LoginThrottle,
    make,
  ).pipe(Layer.provide(AttemptMemory.layer))
}
