import { Effect } from "effect"
import { nameOf } from "../access/RpcAccess.ts"
import { sessionScope } from "../access/SessionScope.ts"
import { LegalHold } from "../recordings/LegalHold.ts"
import { RecordingDeletion } from "../recordings/RecordingDeletion.ts"
import { Recordings } from "../recordings/Recordings.ts"
import type { Calls } from "./Calls.ts"
import { guarded, guardedStream } from "./Guard.ts"
import { visibleSession } from "./visibleSession.ts"

/** The calls about what becomes of recordings. */
export const recordingCalls = Effect.gen(function* () {
  const [recordings, holds, deletion] = [yield* Recordings, yield* LegalHold, yield* RecordingDeletion]
  const visible = yield* visibleSession
  return {
    RecordingsList: ({ pending, held }) =>
      guardedStream("RecordingsList", (caller) => recordings.list({ scope: sessionScope(caller), pending, held })),
    RecordingsHold: ({ session_id, reason }) =>
      guarded("RecordingsHold", (caller) =>
        Effect.zipRight(visible(caller, session_id), holds.hold(session_id, reason, nameOf(caller))),
      ),
    RecordingsRelease: ({ session_id }) =>
      guarded("RecordingsRelease", (caller) =>
        Effect.zipRight(visible(caller, session_id), holds.release(session_id, nameOf(caller))),
      ),
    RecordingsRemove: ({ session_id, reason }) =>
      guarded("RecordingsRemove", (caller) =>
        Effect.zipRight(visible(caller, session_id), deletion.remove(session_id, nameOf(caller), reason)),
      ),
  } satisfies Calls<"RecordingsList" | "RecordingsHold" | "RecordingsRelease" | "RecordingsRemove">
})
