import { Clock, Duration, Effect, Option, Schedule } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { type AbandonedSession, SessionHubs } from "../hubs/SessionHubs.ts"
import { Recordings } from "../recordings/Recordings.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { agentLost } from "./KnownSession.ts"

/** How often sessions of hubs that are gone are looked for. */
const interval = "5 seconds"

/**
 * Ends sessions that another hub has and that is gone, and which no agent has brought to a hub that is there: when that hub has
 * said nothing for `after`. What it recorded of them is on its disk, and completes them when it is back. The other way round, what
 * another hub took for lost while this one could not say that it is there, and which goes on here, is active again.
 */
export const endAbandoned = (after: Duration.Duration, runningHere: Effect.Effect<ReadonlyArray<SessionId>>) =>
  Effect.gen(function* () {
    const [hubs, sessionHubs] = [yield* Hubs, yield* SessionHubs]
    const [sessions, recordings] = [yield* Sessions, yield* Recordings]
    if (!hubs.shared) return

    const end = Effect.fn("RecordingIngest.endAbandoned")(function* (session: AbandonedSession) {
      const { session_id: sessionId, started_ms, hub_id } = session
      yield* Effect.logWarning(`session ${sessionId} ends: the hub that had it (${hub_id}) is gone`)
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

    const endLost = (session: AbandonedSession) => sessionHubs.whileLost(session.session_id, after, end(session))

    const look = Effect.gen(function* () {
      for (const id of yield* Effect.flatMap(runningHere, sessions.running)) {
        yield* Effect.logWarning(`session ${id} goes on: another hub had taken this one for gone`)
      }
      yield* Effect.flatMap(sessionHubs.abandoned(after), Effect.forEach(endLost, { discard: true }))
    })

    yield* look.pipe(
      Effect.catchAll((error) => Effect.logWarning("sessions of hubs that are gone cannot be ended now", error)),
      Effect.repeat(Schedule.spaced(interval)),
      Effect.forkScoped,
    )
  })
