import { Clock, Duration, Effect } from "effect"
import type { AdmittedSession } from "./admit.ts"
import { IngestRefused } from "./IngestRefused.ts"

/** How far a node's clock may be from the hub's. */
const tolerance = Duration.minutes(10)

const clockDiffers = (reason: IngestRefused["reason"], differenceMs: number) =>
  new IngestRefused({
    reason,
    message: `this node's clock is ${Math.round(Math.abs(differenceMs) / 60_000)} minutes ${differenceMs > 0 ? "ahead of" : "behind"} the hub's: set it`,
  })

/**
 * Holds a session that the hub has never heard of against its own clock and users. A node chooses the time at which its
 * user's certificate is checked: of a session that begins now, that is now, and the user is one still. An upload after the
 * fact may be old, and its user gone; one from the future has to wait.
 */
export const checkNew = <E>(
  info: AdmittedSession,
  userExists: (user: string) => Effect.Effect<boolean, E>,
): Effect.Effect<void, IngestRefused | E> =>
  Effect.gen(function* () {
    const differenceMs = info.startedAtMs - (yield* Clock.currentTimeMillis)
    const most = Duration.toMillis(tolerance)
    if (info.mode !== "node-sync") {
      if (differenceMs > most) return yield* clockDiffers("unavailable", differenceMs)
      return
    }
    if (Math.abs(differenceMs) > most) return yield* clockDiffers("denied", differenceMs)
    if (!(yield* userExists(info.user))) {
      return yield* new IngestRefused({ reason: "denied", message: `there is no user ${info.user} any more` })
    }
  })
