import { Clock, Context, Effect, Layer } from "effect"
import { type MinuteCount, noneInMinute, oneMore, untilNextMinute } from "../../domain/MinuteCount.ts"
import { networkOf } from "../../domain/networkOf.ts"
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

/** Names, addresses and pairs of them that are remembered at once. */
const remembered = 10_000

/** Logins that one address may try in a minute, whatever they are: each costs a derivation. */
const perMinute = 60

/** Whose password is tried, and from where. */
export interface Guess {
  readonly user: string
  /** `ADDRESS:PORT`; null for the hub's own host. */
  readonly remoteAddress: string | null
}

const pairOf = ({ user, remoteAddress }: Guess): string => `${networkOf(remoteAddress)} ${user}`

const make = Effect.sync(() => {
  const addresses = new LeastRecent<MinuteCount>(remembered)
  const pairs = new LeastRecent<Attempts>(remembered)
  const names = new LeastRecent<NameFailures>(remembered)

  const count = (user: string, failures: number, nowMs: number): NameFailures => {
    const counted = addFailures(names.get(user) ?? noFailures, failures, nowMs)
    names.remember(user, counted)
    return counted
  }

  const admit = Effect.fnUntraced(function* (remoteAddress: string | null) {
    const now = yield* Clock.currentTimeMillis
    const network = networkOf(remoteAddress)
    const tried = oneMore(addresses.get(network) ?? noneInMinute, now)
    addresses.remember(network, tried)
    return tried.count > perMinute ? untilNextMinute(now) : 0
  })

  const begin = Effect.fnUntraced(function* (guess: Guess) {
    const now = yield* Clock.currentTimeMillis
    const pair = pairOf(guess)
    const { attempts, waitMs } = attempt(pairs.get(pair) ?? noAttempts, now)
    pairs.remember(pair, attempts)
    if (waitMs > 0) return waitMs
    yield* Effect.sleep(delayAfter(count(guess.user, 1, now)))
    return 0
  })

  // The name's other failures stay: that they were gone would tell whoever made them that there is such a user.
  const succeeded = (guess: Guess) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      pairs.forget(pairOf(guess))
      count(guess.user, -1, now)
    })

  return { admit, begin, succeeded }
})

/**
 * Slows down whoever guesses a user's password, known user or not, and locks nobody else out: who fails from one address waits
 * there, and a name that fails from many is only answered late. It is this replica's own and forgets at a restart: it
 * need not be exact, only make guessing slow.
 */
export class LoginThrottle extends Context.Tag("mezite/auth/LoginThrottle")<
  LoginThrottle,
  {
    /** Milliseconds until that address may try anything again; 0: go on. */
    readonly admit: (remoteAddress: string | null) => Effect.Effect<number>
    /**
     * Milliseconds until that password may be tried from there again; 0: go on, and it counts as failed until `succeeded`. Takes
     * up to 4 s itself where that name has failed often.
     */
    readonly begin: (guess: Guess) => Effect.Effect<number>
    readonly succeeded: (guess: Guess) => Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<LoginThrottle> = Layer.effect(LoginThrottle, make)
}
