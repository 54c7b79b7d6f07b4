import { type AuditEventDraft, auditEvent } from "../../domain/AuditEvent.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"

/** That a session was asked for, and why there is none. */
export const sessionRejected = (info: SessionInfo, reason: string): AuditEventDraft =>
  auditEvent("session.rejected", {
    user: info.user,
    session_id: info.sessionId,
    login: info.login,
    remote_address: info.remoteAddress,
    detail: { reason },
  })
