import { type AuditEventDraft, auditEvent } from "../../domain/AuditEvent.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { RecordingRow } from "../recordings/RecordingRow.ts"
import { type EndedSession, type EndOrder, endedStatus, type SessionRow } from "./SessionRecord.ts"

const about = (row: SessionRow) => ({
  user: row.user_name,
  session_id: row.session_id,
  node: row.node,
  login: row.login,
  remote_address: row.remote_address,
})

/** Of what somebody did with a session; the session's own address is not theirs. */
const aboutBy = (row: SessionRow, by: string | null) => ({ ...about(row), user: by, remote_address: null })

/** `session.start`. */
export const sessionStart = (row: SessionRow, info: SessionInfo): AuditEventDraft =>
  auditEvent("session.start", {
    ...about(row),
    detail: {
      mode: row.mode,
      mode_source: row.mode_source,
      command: row.command,
      terminal: info.terminal === undefined ? null : { ...info.terminal },
      program_version: info.programVersion,
      enhanced: info.enhanced,
      started_at: new Date(info.startedAtMs).toISOString(),
    },
  })

/** `session.end`. */
export const sessionEnd = (row: SessionRow, session: EndedSession): AuditEventDraft => {
  const { end, frames, bytes, recording } = session
  return auditEvent("session.end", {
    ...about(row),
    detail: {
      duration_ms: end.durationMs,
      exit_code: end.exit?._tag === "Code" ? end.exit.code : null,
      exit_signal: end.exit?._tag === "Signal" ? end.exit.signal : null,
      status: endedStatus(session),
      reason: end.reason,
      ended_by: row.ended_by,
      frames,
      bytes,
      recording_digest: recording?.digest ?? null,
    },
  })
}

/** `session.recording.stored`; `completes`: it takes the place of what was stored when the session's agent was lost. */
export const recordingStored = (row: SessionRow, frames: number, completes: boolean): AuditEventDraft =>
  auditEvent("session.recording.stored", {
    ...about(row),
    detail: {
      digest: row.recording_digest,
      bytes: Number(row.recording_bytes),
      frames,
      status: row.status,
      completes,
    },
  })

/**
 * What somebody was given of a recording: its frames in clear, the same of a session that runs and as it goes on, the file as it is
 * stored, or the share of its key.
 */
export type Given = "clear" | "live" | "sealed" | "key share"

/** `session.recording.access`. */
export const recordingAccess = (row: SessionRow, by: string, given: Given): AuditEventDraft =>
  auditEvent("session.recording.access", { ...aboutBy(row, by), detail: { session_user: row.user_name, given } })

/** `session.join`: somebody looks on while the session runs. */
export const sessionJoin = (row: SessionRow, by: string): AuditEventDraft =>
  auditEvent("session.join", { ...aboutBy(row, by), detail: { session_user: row.user_name } })

/** `session.recording.hold` and `session.recording.release`. */
export const recordingHeld = (
  type: "session.recording.hold" | "session.recording.release",
  row: SessionRow,
  by: string,
  reason: string | null,
): AuditEventDraft =>
  auditEvent(type, {
    ...aboutBy(row, by),
    detail: { session_user: row.user_name, digest: row.recording_digest, reason },
  })

/**
 * `session.recording.delete`: the receipt for what is gone. `shredded`: the key is destroyed too, so that no copy can be read; else
 * copies that others made can.
 */
export const recordingDeleted = (row: SessionRow, recording: RecordingRow): AuditEventDraft =>
  auditEvent("session.recording.delete", {
    ...aboutBy(row, recording.deleted_by),
    detail: {
      session_user: row.user_name,
      digest: row.recording_digest,
      bytes: Number(row.recording_bytes),
      reason: recording.delete_reason,
      shredded: recording.shredded === 1,
    },
  })

/** `session.terminate`: an admin orders one session to end. */
export const sessionTerminate = (row: SessionRow, { by, reason }: EndOrder): AuditEventDraft =>
  auditEvent("session.terminate", { ...aboutBy(row, by), detail: { session_user: row.user_name, reason } })
