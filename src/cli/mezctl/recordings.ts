import { Effect } from "effect"
import type { Recording } from "../../api/ClusterRpcs.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import { withReason } from "../../domain/Lock.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { adminHub } from "./AdminHub.ts"

const noteOf = ({ held_by, hold_reason, trouble, deleted_at, deleted_by }: Recording): string => {
  if (deleted_at !== null) return deleted_by === null ? "its time was over" : `deleted by ${deleted_by}`
  if (held_by !== null) return withReason(`held by ${held_by}`, hold_reason ?? "")
  return trouble ?? ""
}

const columns: Columns<Recording> = {
  header: ["SESSION ID", "USER", "NODE", "LOGIN", "STATE", "BYTES", "EXPIRES", "NOTE"],
  row: (recording) => [
    recording.session_id,
    recording.user,
    recording.node,
    recording.login,
    recording.state,
    recording.bytes?.toString() ?? null,
    recording.expires_at,
    noteOf(recording),
  ],
}

/** Lists recordings, those of the newest sessions first. */
export const listRecordings = Effect.fn("mezctl.recordings.ls")(function* (
  filter: { readonly pending: boolean; readonly held: boolean },
  format: ListFormat,
) {
  const client = yield* adminHub
  yield* printList(client.RecordingsList(filter), format, columns)
}, Effect.scoped)

/** Deletes a recording for good. */
export const removeRecording = Effect.fn("mezctl.recordings.rm")(function* (session_id: SessionId, reason: string) {
  const client = yield* adminHub
  yield* client.RecordingsRemove({ session_id, reason })
}, Effect.scoped)

/** Keeps a recording from being deleted. */
export const holdRecording = Effect.fn("mezctl.recordings.hold")(function* (session_id: SessionId, reason: string) {
  const client = yield* adminHub
  yield* client.RecordingsHold({ session_id, reason })
}, Effect.scoped)

/** Lets it be deleted again. */
export const releaseRecording = Effect.fn("mezctl.recordings.release")(function* (session_id: SessionId) {
  const client = yield* adminHub
  yield* client.RecordingsRelease({ session_id })
}, Effect.scoped)
