import type { AuditEventDraft, AuditEventType } from "../../../domain/AuditEvent.ts"
import { type RawText, rawText } from "../../../domain/RawText.ts"

/** What the audit log is told of a session, without what is the same for all of its events. */
export interface Told {
  readonly type: Extract<AuditEventType, "session.command" | "session.disk" | "session.network">
  readonly detail: AuditEventDraft["detail"]
}

/** Longer paths are cut: an event's detail has 16 KiB at most, and the recording has all of it. */
const longestPath = 1024

/** A path as an event may hold it: its end, where it is long. */
export const toldPath = (path: Uint8Array): RawText => rawText(path.subarray(Math.max(0, path.length - longestPath)))
