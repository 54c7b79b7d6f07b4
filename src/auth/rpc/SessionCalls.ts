import { Effect, Option, Redacted, Stream } from "effect"
import { NotFound } from "../../api/ApiError.ts"
import type { Identity } from "../../api/Identity.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import { nameOf } from "../access/RpcAccess.ts"
import { sessionScope } from "../access/SessionScope.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { sessionTermination } from "../enforcement/sessionTermination.ts"
import { shareOf } from "../recordings/RecordingRow.ts"
import { Recordings } from "../recordings/Recordings.ts"
import { RecordingStore } from "../sessions/RecordingStore.ts"
import { type Given, recordingAccess, sessionJoin } from "../sessions/SessionEvents.ts"
import type { SessionRow } from "../sessions/SessionRecord.ts"
import { Sessions } from "../sessions/Sessions.ts"
import type { Calls } from "./Calls.ts"
import { ago, guarded, guardedStream } from "./Guard.ts"
import { visibleSession } from "./visibleSession.ts"

/** The calls about sessions and their recordings. */
export const sessionCalls = Effect.gen(function* () {
  const [sessions, recordings, store] = [yield* Sessions, yield* Recordings, yield* RecordingStore]
  const [audit, visible] = [yield* AuditLog, yield* visibleSession]
  const terminate = yield* sessionTermination

  // Before the first byte: nobody reads a recording without a trace.
  const trace = Effect.fnUntraced(function* (caller: Identity, session: SessionRow, given: Given) {
    yield* audit.append(recordingAccess(session, nameOf(caller), given))
  })

  /** While it runs, the hub has of such a session no more than that it runs. */
  const ended = Effect.fnUntraced(function* ({ session_id: id, node, mode, ended_ms }: SessionRow) {
    if (mode !== "node" || ended_ms !== null) return
    return yield* new NotFound({
      message: `session ${id} runs in the mode node: ${node} brings its recording when it has ended`,
    })
  })

  const follow = Effect.fnUntraced(function* (caller: Identity, id: SessionId) {
    const session = yield* visible(caller, id)
    const runs = session.ended_ms === null
    yield* trace(caller, session, runs ? "live" : "clear")
    yield* ended(session)
    if (runs && session.mode !== "off") yield* audit.append(sessionJoin(session, nameOf(caller)))
    return store.follow(id)
  })

  const read = Effect.fnUntraced(function* (caller: Identity, id: SessionId, sealed: boolean) {
    const session = yield* visible(caller, id)
    yield* trace(caller, session, sealed ? "sealed" : "clear")
    yield* ended(session)
    return store.read(id, { sealed })
  })

  const keyShare = Effect.fnUntraced(function* (caller: Identity, id: SessionId) {
    yield* trace(caller, yield* visible(caller, id), "key share")
    const share = Option.flatMap(yield* recordings.get(id), shareOf)
    return Option.getOrNull(Option.map(share, ({ hex }) => Redacted.make(hex)))
  })

  return {
    SessionsTerminate: ({ session_id, reason }) =>
      guarded("SessionsTerminate", (caller) =>
        Effect.zipRight(visible(caller, session_id), terminate(session_id, reason, nameOf(caller))),
      ),
    SessionsList: ({ user, node, last, active }) =>
      guardedStream("SessionsList", (caller) =>
        Stream.unwrap(
          Effect.map(ago(last), (sinceMs) =>
            sessions.list({ scope: sessionScope(caller), user, node, sinceMs, active }),
          ),
        ),
      ),
    RecordingRead: ({ session_id, sealed, follow: isFollowed }) =>
      guardedStream("RecordingRead", (caller) =>
        Stream.unwrap(isFollowed && !sealed ? follow(caller, session_id) : read(caller, session_id, sealed)),
      ),
    RecordingKeyShare: ({ session_id }) => guarded("RecordingKeyShare", (caller) => keyShare(caller, session_id)),
  } satisfies Calls<"SessionsList" | "SessionsTerminate" | "RecordingRead" | "RecordingKeyShare">
})
