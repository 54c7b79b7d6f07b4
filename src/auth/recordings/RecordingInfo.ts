import { Duration, Option } from "effect"
import type { Recording } from "../../api/ClusterRpcs.ts"
import type { SessionRow } from "../sessions/SessionRecord.ts"
import type { RecordingRow } from "./RecordingRow.ts"

/** A recording with its session, as one query gives them. */
export type ListedRecording = RecordingRow &
  Pick<SessionRow, "user_name" | "node" | "login" | "started_ms" | "ended_ms" | "recording_bytes" | "recording_digest">

const time = (ms: number | string | null): string | null => (ms === null ? null : new Date(Number(ms)).toISOString())

const expiryOf = (row: ListedRecording, retention: Option.Option<Duration.Duration>): number | null =>
  row.state === "stored" && row.held_ms === null && row.ended_ms !== null && Option.isSome(retention)
    ? Number(row.ended_ms) + Duration.toMillis(retention.value)
    : null

/** The recording as the API shows it. */
export const shownRecording = (row: ListedRecording, retention: Option.Option<Duration.Duration>): Recording => ({
  session_id: row.session_id,
  user: row.user_name,
  node: row.node,
  login: row.login,
  started_at: new Date(Number(row.started_ms)).toISOString(),
  ended_at: time(row.ended_ms),
  state: row.state,
  bytes: row.recording_bytes === null ? null : Number(row.recording_bytes),
  digest: row.recording_digest,
  attempts: Number(row.attempts),
  trouble: row.trouble,
  stored_at: time(row.stored_ms),
  expires_at: time(expiryOf(row, retention)),
  held_at: time(row.held_ms),
  held_by: row.held_by,
  hold_reason: row.hold_reason,
  deleted_at: time(row.deleted_ms),
  deleted_by: row.deleted_by,
})
