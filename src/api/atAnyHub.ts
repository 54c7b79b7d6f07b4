import { type Array as Arr, Effect, Either } from "effect"

/** A hub that has said nothing for so long is not waited for alone: the next one is asked as well. */
const patience = "1500 millis"

interface Failure {
  readonly _tag: string
  readonly status?: number
  readonly reason?: unknown
}

const connectReasons: ReadonlySet<unknown> = new Set(["offline", "timeout", "refused"])

/** Whether another hub may do what this one did not. */
const mayDoElsewhere = (error: unknown): boolean => {
  const { _tag, status = 0, reason } = error as Failure
  if (_tag === "HubUnreachable" || _tag === "HubNotTrusted") return true
  if (_tag === "HubRefused") return status >= 500
  return _tag === "ConnectError" && connectReasons.has(reason)
}

/**
 * Does something at one of a cluster's hubs: they are asked in turn, the next one at once where one can't be reached or does not
 * serve now, and after a moment where it says nothing. The first answer counts; where there is none, the first hub's failure.
 */
export const atAnyHub = <Hub, A, E, R>(
  [first, ...others]: Arr.NonEmptyReadonlyArray<Hub>,
  attempt: (hub: Hub) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> => {
  const [next, ...rest] = others
  if (next === undefined) return attempt(first)
  return Effect.gen(function* () {
    const failed = yield* Effect.makeLatch()
    const here = attempt(first).pipe(
      Effect.map(Either.right),
      Effect.catchAll(
        (error): Effect.Effect<Either.Either<A, E>, E> =>
          mayDoElsewhere(error) ? Effect.zipRight(failed.open, Effect.fail(error)) : Effect.succeed(Either.left(error)),
      ),
    )
    const elsewhere = Effect.raceFirst(failed.await, Effect.sleep(patience)).pipe(
      Effect.zipRight(Effect.suspend(() => Effect.either(atAnyHub([next, ...rest], attempt)))),
      Effect.flatMap(
        (answer): Effect.Effect<Either.Either<A, E>, E> =>
          Either.isLeft(answer) && mayDoElsewhere(answer.left) ? Effect.fail(answer.left) : Effect.succeed(answer),
      ),
    )
    return yield* Effect.flatten(Effect.race(here, elsewhere))
  })
}
