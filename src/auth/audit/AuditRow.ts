import type { AuditEvent, AuditEventDraft, AuditEventType } from "../../domain/AuditEvent.ts"
import type { ChainedEvent } from "./AuditChain.ts"

/** A row of `audit_events`; PostgreSQL gives its BIGINTs as text. */
export interface AuditRow {
  readonly seq: number | string
  readonly id: string
  readonly time_ms: number | string
  readonly type: string
  readonly user_name: string | null
  readonly session_id: string | null
  readonly node: string | null
  readonly login: string | null
  readonly remote_address: string | null
  readonly detail: string
  readonly digest: string
}

/** What the digest covers of a row. */
export const chainedOf = (row: AuditRow): ChainedEvent => ({
  seq: Number(row.seq),
  id: row.id,
  timeMs: Number(row.time_ms),
  type: row.type,
  user: row.user_name,
  sessionId: row.session_id,
  node: row.node,
  login: row.login,
  remoteAddress: row.remote_address,
  detail: row.detail,
})

/** The row that stores an event. */
export const rowOf = (event: ChainedEvent, digest: string): AuditRow => ({
  seq: event.seq,
  id: event.id,
  time_ms: event.timeMs,
  type: event.type,
  user_name: event.user,
  session_id: event.sessionId,
  node: event.node,
  login: event.login,
  remote_address: event.remoteAddress,
  detail: event.detail,
  digest,
})

/** The event that a row stores. A detail that isn't JSON any more is shown as it is: `verify` is what judges it. */
export const eventOf = (row: AuditRow): AuditEvent => ({
  id: row.id,
  time: new Date(Number(row.time_ms)).toISOString(),
  type: row.type as AuditEventType,
  user: row.user_name,
  session_id: row.session_id,
  node: row.node,
  login: row.login,
  remote_address: row.remote_address,
  detail: parsed(row.detail),
})

const parsed = (detail: string): AuditEventDraft["detail"] => {
  try {
    return JSON.parse(detail) as AuditEventDraft["detail"]
  } catch {
    return { unreadable: detail }
  }
}

/** A text as every database gives it back: no NUL, no lone surrogate, 512 characters at most. */
const storable = (text: string | null): string | null =>
  text === null ? null : Buffer.from(text.slice(0, 512).replaceAll("\0", ""), "utf8").toString("utf8")

/** The next event of the chain. */
export const chain = (draft: AuditEventDraft, seq: number, id: string, timeMs: number): ChainedEvent => ({
  seq,
  id,
  timeMs,
  type: draft.type,
  user: storable(draft.user),
  sessionId: storable(draft.session_id),
  node: storable(draft.node),
  login: storable(draft.login),
  remoteAddress: storable(draft.remote_address),
  detail: JSON.stringify(draft.detail),
})
