import { Clock, Duration, Effect, Option } from "effect"
import { type Lock, lockedMessage, type Whereabouts } from "../../domain/Lock.ts"
import type { AdmittedSession } from "./admit.ts"
import { IngestRefused } from "./IngestRefused.ts"

/** How far a node's clock may be from the hub's. */
const tolerance = Duration.minutes(10)

const clockDiffers = (reason: IngestRefused["reason"], differenceMs: number) =>
  new IngestRefused({
    reason,
    message: `this node's clock is ${Math.round(Math.abs(differenceMs) / 60_000)} minutes ${differenceMs > 0 ? "ahead of" : "behind"} the hub's: set it`,
  })

/** What the hub knows of those whom a new session concerns. */
export interface NewSessionChecks<E> {
  /** Whether there is that user, who has not been reset since that certificate was made. */
  readonly isUser: (info: AdmittedSession) => Effect.Effect<boolean, E>
  readonly lockOn: (about: Whereabouts) => Effect.Effect<Option.Option<Lock>, E>
}

/**
 * Holds a session that the hub has never heard of against its own clock, users and locks. A node chooses the time at which its
 * user's certificate is checked: of a session that begins now, that is now, and the user is the same still, and not locked. An upload
 * after the fact may be old, and its user gone; one from the future has to wait, and so has all that a locked node brings.
 */
export const checkNew = <E>(
  info: AdmittedSession,
  { isUser, lockOn }: NewSessionChecks<E>,
): Effect.Effect<void, IngestRefused | E> =>
  Effect.gen(function* () {
    const unlocked = (about: Whereabouts, reason: IngestRefused["reason"]) =>
      Effect.flatMap(
        lockOn(about),
        Option.match({
          onNone: () => Effect.void,
          onSome: (lock) => new IngestRefused({ reason, message: lockedMessage(lock) }),
        }),
      )
    yield* unlocked({ node: info.node }, "unavailable")
    const differenceMs = info.startedAtMs - (yield* Clock.currentTimeMillis)
    const most = Duration.toMillis(tolerance)
    if (info.mode !== "node-sync") {
      if (differenceMs > most) return yield* clockDiffers("unavailable", differenceMs)
      return
    }
    if (Math.abs(differenceMs) > most) return yield* clockDiffers("denied", differenceMs)
    if (!(yield* isUser(info))) {
      const message = `the user ${info.user} was removed or reset since that certificate was made`
      return yield* new IngestRefused({ reason: "denied", message })
    }
    yield* unlocked({ user: info.user, login: info.login }, "denied")
  })
