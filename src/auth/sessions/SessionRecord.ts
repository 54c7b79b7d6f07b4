import type { Session } from "../../api/ClusterRpcs.ts"
import type { NodeName, SessionId } from "../../domain/Identifiers.ts"
import type { SessionEnd } from "../../domain/SessionEnd.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { blobIssuedAtMs } from "../keys/CertificateTimes.ts"

/** A row of `sessions`; PostgreSQL gives its BIGINTs as text. */
export interface SessionRow {
  readonly session_id: Session["session_id"]
  readonly user_name: string
  readonly login: string
  readonly node: NodeName
  readonly remote_address: string
  readonly started_ms: number | string
  /** When the certificate was made with which its user came: tells namesakes apart. By the hub's clock, as all else is by the node's. */
  readonly certified_ms: number | string
  readonly ended_ms: number | string | null
  readonly mode: Session["mode"]
  readonly mode_source: Session["mode_source"]
  readonly status: Session["status"]
  readonly command: string
  readonly exit_code: number | null
  readonly exit_signal: string | null
  readonly reason: string
  /** 1 once `session.end` is in the audit log: of a session that was taken for lost and came back it is, though it runs. */
  readonly end_audited: number
  readonly recording_bytes: number | string | null
  readonly recording_digest: string | null
  /** Who ordered it to be ended, and what its user reads then; null where nobody did. */
  readonly ended_by: string | null
  readonly end_order: string | null
}

/** An order to end sessions. */
export interface EndOrder {
  /** Whoever gives it, for the audit log. */
  readonly by: string
  /** What the users of those sessions read. */
  readonly reason: string
}

/** Which sessions an order is about: all of a user, on a node, as a login, or one. */
export interface OrderedSessions {
  readonly kind: "user" | "node" | "login" | "session"
  readonly name: string
}

/** A session that runs and was ordered to end. */
export interface EndingSession {
  readonly session_id: SessionId
  readonly node: NodeName
  readonly end_order: string
}

/** Why a session ended that the hub itself ended, for want of its agent; no agent may say so. */
export const agentLostReason = "agent lost"

/** Whether the hub ended it for want of its agent, who may still come back. */
export const isLost = ({ status, reason }: SessionRow): boolean => status !== "active" && reason === agentLostReason

/** Whether both are of one session: whose, as whom, where and since when never changes. */
export const isSameSession = (a: SessionRow, b: SessionRow): boolean =>
  a.node === b.node &&
  a.user_name === b.user_name &&
  a.login === b.login &&
  Number(a.started_ms) === Number(b.started_ms)

/** What is known of a session when it is over. */
export interface EndedSession {
  readonly sessionId: SessionId
  readonly end: SessionEnd
  /** Frames of the recording, and the bytes that they hold in clear. */
  readonly frames: number
  readonly bytes: number
  /** The stored file: SHA-256 in hex, and its size; null where nothing was recorded, or where that is on the disk of a hub that is gone. */
  readonly recording: { readonly digest: string; readonly bytes: number } | null
  /** What was recorded is on the disk of a hub that is gone. */
  readonly recordedElsewhere?: boolean
}

const text = (value: string, most: number) => Buffer.from(value.replaceAll("\0", "").slice(0, most)).toString("utf8")

/** The row of a session that begins. */
export const startedRow = (info: SessionInfo): SessionRow => ({
  session_id: info.sessionId as Session["session_id"],
  user_name: info.user,
  login: info.login,
  node: info.node as NodeName,
  remote_address: text(info.remoteAddress, 256),
  started_ms: info.startedAtMs,
  certified_ms: blobIssuedAtMs(info.userCertificate),
  ended_ms: null,
  mode: info.mode,
  mode_source: info.modeSource,
  status: "active",
  command: text(info.command, 4_096),
  exit_code: null,
  exit_signal: null,
  reason: "",
  end_audited: 0,
  recording_bytes: null,
  recording_digest: null,
  ended_by: null,
  end_order: null,
})

/** What is said of its recording. */
export const endedStatus = ({ end, recording, recordedElsewhere }: EndedSession) =>
  recording === null && recordedElsewhere !== true ? ("unrecorded" as const) : end.status

/** What changes in a session's row when it is over. */
export const endedColumns = (row: SessionRow, session: EndedSession) => {
  const { end, recording } = session
  return {
    ended_ms: Number(row.started_ms) + Math.max(0, Math.round(end.durationMs)),
    status: endedStatus(session),
    exit_code: end.exit?._tag === "Code" ? end.exit.code : null,
    exit_signal: end.exit?._tag === "Signal" ? text(end.exit.signal, 32) : null,
    reason: text(end.reason, 512),
    end_audited: 1,
    recording_bytes: recording?.bytes ?? null,
    recording_digest: recording?.digest ?? null,
  }
}

const number = (value: number | string | null) => (value === null ? null : Number(value))

/** What changes in a session's row when its agent, which was lost, goes on with it. */
export const resumedColumns = { ended_ms: null, status: "active" as const, reason: "" }

/** The session as the API shows it. */
export const shownSession = ({
  user_name,
  started_ms,
  ended_ms,
  recording_bytes,
  end_audited: _,
  certified_ms: ___,
  end_order: __,
  ...row
}: SessionRow): Session => ({
  ...row,
  user: user_name,
  started_at: new Date(Number(started_ms)).toISOString(),
  ended_at: ended_ms === null ? null : new Date(Number(ended_ms)).toISOString(),
  recording_bytes: number(recording_bytes),
})
