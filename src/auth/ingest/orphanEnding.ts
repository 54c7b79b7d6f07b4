import { Effect, Option } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { HeldElsewhere } from "../hubs/HeldElsewhere.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { isDeleted, type RecordingRow } from "../recordings/RecordingRow.ts"
import { Recordings } from "../recordings/Recordings.ts"
import type { SessionRow } from "../sessions/SessionRecord.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { LocalRecordings } from "../storage/LocalRecordings.ts"
import { agentLost } from "./KnownSession.ts"
import { RecordingWork } from "./RecordingWork.ts"

/** Whether what may be of it on this hub's disk is of no use any more. */
const isInPlace = (recording: RecordingRow): boolean => recording.state === "stored" || isDeleted(recording)

/** Ends sessions whose agents are gone, and clears up what such a session left on this hub's disk. */
export const orphanEnding = Effect.gen(function* () {
  const sessions = yield* Sessions
  const recordings = yield* Recordings
  const local = yield* LocalRecordings
  const work = yield* RecordingWork
  const [hubs, sessionHubs] = [yield* Hubs, yield* SessionHubs]

  const endUnrecorded = Effect.fnUntraced(function* (row: Option.Option<SessionRow>, seenMs: number) {
    if (Option.isNone(row)) return
    const { session_id: sessionId, started_ms } = row.value
    const end = agentLost(seenMs - Number(started_ms))
    yield* sessions.ended({ sessionId, end, frames: 0, bytes: 0, recording: null })
  })

  const finish = Effect.fnUntraced(function* (sessionId: SessionId, row: Option.Option<SessionRow>, seenMs: number) {
    const resumed = yield* work.resume(sessionId)
    if (Option.isNone(resumed)) return yield* endUnrecorded(row, seenMs)
    const { info, recording, end } = resumed.value
    yield* sessions.started(info)
    yield* work.conclude(sessionId, yield* recording.finish(end ?? agentLost(seenMs - info.startedAtMs)))
  }, Effect.scoped)

  /**
   * Ends a session whose agent is gone, if it is not over. Cut off at any point, it can be done again. `seenMs` is when its
   * agent was last known to have it: it lasted until then, if not until its last frame.
   */
  return Effect.fn("RecordingIngest.endOrphan")(function* (sessionId: SessionId, seenMs: number) {
    const row = yield* sessions.get(sessionId)
    const recording = yield* recordings.get(sessionId)
    if (Option.exists(recording, isInPlace)) return yield* local.discard(sessionId)
    const hub = yield* sessionHubs.holder(sessionId)
    if (hub !== hubs.id)
      return yield* (yield* local.has(sessionId)) ? new HeldElsewhere({ sessionId, hub }) : Effect.void
    if (Option.exists(recording, ({ state }) => state === "kept")) return
    const isActive = Option.exists(row, ({ status }) => status === "active")
    if (isActive) yield* Effect.logWarning(`session ${sessionId} ends: its agent did not come back`)
    const recorded = Option.isSome(recording) || (yield* local.has(sessionId))
    if (recorded) return yield* finish(sessionId, row, seenMs)
    if (isActive) yield* endUnrecorded(row, seenMs)
  })
})
