import { Duration, Effect, type Scope } from "effect"
import type { Counted, EventTally } from "./EventTally.ts"

const every = Duration.minutes(10)

/** Tells what a tally has counted every 10 minutes, when the scope ends, and whenever the effect that it gives is run. */
export const tellTally = (
  tally: EventTally,
  tell: (counted: Counted) => Effect.Effect<void>,
): Effect.Effect<Effect.Effect<void>, never, Scope.Scope> => {
  const tellAll = Effect.suspend(() => Effect.forEach(tally.take(), tell, { discard: true }))
  return Effect.addFinalizer(() => tellAll).pipe(
    Effect.zipRight(Effect.forkScoped(Effect.forever(Effect.delay(tellAll, every)))),
    Effect.as(tellAll),
  )
}
