import type { AuditEventDraft, AuditEventType } from "../../../domain/AuditEvent.ts"

/** What the audit log is told of a session, without what is the same for all of its events. */
export interface Told {
  readonly type: Extract<AuditEventType, "session.command" | "session.disk" | "session.network">
  readonly detail: AuditEventDraft["detail"]
}
