import { Effect } from "effect"
import { nameOf } from "../access/RpcAccess.ts"
import { sessionScope } from "../access/SessionScope.ts"
import { LegalHold } from "../recordings/LegalHold.ts"
import { RecordingDeletion } from "../recordings/RecordingDeletion.ts"
import { Recordings } from "../recordings/Recordings.ts"
import type { Calls } from "./Calls.ts"
import { guarded, guardedStream } from "./Guard.ts"

/** The calls about what becomes of recordings. */
export const recordingCalls = Effect.gen(function* () {
  const [recordings, holds, deletion] = [yield* Recordings, yield* LegalHold, yield* RecordingDeletion]
  return {
    RecordingsList: ({ pending, held }) =>
      guardedStream("RecordingsList", (caller) => recordings.list({ scope: sessionScope(caller), pending, held })),
    RecordingsHold: ({ session_id, reason }) =>
      guarded("RecordingsHold", (caller) => holds.hold(session_id, reason, nameOf(caller))),
    RecordingsRelease: ({ session_id }) =>
      guarded("RecordingsRelease", (caller) => holds.release(session_id, nameOf(caller))),
    RecordingsRemove: ({ session_id, reason }) =>
      guarded("RecordingsRemove", (caller) => deletion.remove(session_id, nameOf(caller), reason)),
  } satisfies Calls<"RecordingsList" | "RecordingsHold" | "RecordingsRelease" | "RecordingsRemove">
})
