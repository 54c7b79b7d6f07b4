import { Clock, Context, Effect, Layer } from "effect"
import { type Attempts, attempt, noAttempts } from "./ThrottlePolicy.ts"

/** Names remembered at once; the one that was longest not seen is forgotten first. */
const remembered = 10_000

const make = Effect.sync(() => {
  const names = new Map<string, Attempts>()

  const begin = Effect.fnUntraced(function* (name: string) {
    const now = yield* Clock.currentTimeMillis
    const { attempts, waitMs } = attempt(names.get(name) ?? noAttempts, now)
    names.delete(name)
    names.set(name, attempts)
    const oldest = names.keys().next()
    if (names.size > remembered && oldest.done !== true) names.delete(oldest.value)
    return waitMs
  })

  const succeeded = (name: string) => Effect.sync(() => void names.delete(name))

  return { begin, succeeded }
})

/**
 * Slows down whoever guesses a user's password, known user or not. It is this replica's own and forgets at a restart: it
 * need not be exact, only make guessing slow.
 */
export class LoginThrottle extends Context.Tag("mezite/auth/LoginThrottle")<
  LoginThrottle,
  {
    /** Milliseconds to wait before that name may try again; 0: go on, and it counts as failed until `succeeded`. */
    readonly begin: (name: string) => Effect.Effect<number>
    readonly succeeded: (name: string) => Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<LoginThrottle> = Layer.effect(LoginThrottle, make)
}
