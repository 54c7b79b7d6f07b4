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
import { type Given, recordingAccess } from "../sessions/SessionEvents.ts"
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
  const trace = Effect.fnUntraced(function* (caller: Identity, id: SessionId, given: Given) {
    const session = yield* visible(caller, id)
    yield* audit.append(recordingAccess(session, nameOf(caller), given))
    return session
  })

  /** While it runs, the hub has of such a session no more than that it runs. */
  const ended = Effect.fnUntraced(function* ({ session_id: id, node, mode, ended_ms }: SessionRow) {
    if (mode !== "node" || ended_ms !== null) return
    return yield* new NotFound({
      message: `session ${id} runs in the mode node: ${node} brings its recording when it has ended`,
    })
  })

  const read = (caller: Identity, id: SessionId, { sealed, follow }: { sealed: boolean; follow: boolean }) =>
    trace(caller, id, sealed ? "sealed" : "clear").pipe(
      Effect.tap(ended),
      Effect.as(follow && !sealed ? store.follow(id) : store.read(id, { sealed })),
    )

  const keyShare = Effect.fnUntraced(function* (caller: Identity, id: SessionId) {
    yield* trace(caller, id, "key share")
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
    RecordingRead: ({ session_id, sealed, follow }) =>
      guardedStream("RecordingRead", (caller) => Stream.unwrap(read(caller, session_id, { sealed, follow }))),
    RecordingKeyShare: ({ session_id }) => guarded("RecordingKeyShare", (caller) => keyShare(caller, session_id)),
  } satisfies Calls<"SessionsList" | "SessionsTerminate" | "RecordingRead" | "RecordingKeyShare">
})
