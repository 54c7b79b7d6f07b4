import { Clock, Duration, Effect, Option, Schedule } from "effect"
import { Hubs } from "../hubs/Hubs.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { Recordings } from "../recordings/Recordings.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { agentLost } from "./KnownSession.ts"

/** How often sessions of hubs that are gone are looked for. */
const interval = "5 seconds"

/**
 * Ends sessions that another hub has and that is gone, and which no agent has brought to a hub that is there: when that hub has
 * said nothing for `after`. What it recorded of them is on its disk, and completes them when it is back.
 */
export const endAbandoned = (after: Duration.Duration) =>
  Effect.gen(function* () {
    const [hubs, sessionHubs] = [yield* Hubs, yield* SessionHubs]
    const [sessions, recordings] = [yield* Sessions, yield* Recordings]
    if (!hubs.shared) return

    const end = Effect.fn("RecordingIngest.endAbandoned")(function* ({
      session_id: sessionId,
      started_ms,
    }: Effect.Effect.Success<typeof sessions.activeElsewhere>[number]) {
      const gone = yield* sessionHubs.lostWith(sessionId, after)
      if (Option.isNone(gone)) return
      yield* Effect.logWarning(`session ${sessionId} ends: the hub that had it (${gone.value}) is gone`)
      const lastedMs = (yield* Clock.currentTimeMillis) - Duration.toMillis(after) - Number(started_ms)
      const recordedElsewhere = Option.isSome(yield* recordings.get(sessionId))
      yield* sessions.ended({
        sessionId,
        end: agentLost(lastedMs),
        frames: 0,
        bytes: 0,
        recording: null,
        recordedElsewhere,
      })
    })

    yield* Effect.flatMap(sessions.activeElsewhere, Effect.forEach(end, { discard: true })).pipe(
      Effect.catchAll((error) => Effect.logWarning("sessions of hubs that are gone cannot be ended now", error)),
      Effect.repeat(Schedule.spaced(interval)),
      Effect.forkScoped,
    )
  })
