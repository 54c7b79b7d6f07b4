import { Schema } from "effect"

/** Every kind of event in the audit log. */
export const AuditEventType = Schema.Literal(
  "user.login",
  "user.login.failed",
  "user.create",
  "user.update",
  "user.reset",
  "user.second_factor",
  "user.delete",
  "role.create",
  "role.update",
  "role.delete",
  "token.create",
  "token.delete",
  "node.join",
  "node.join.failed",
  "node.update",
  "node.leave",
  "session.start",
  "session.join",
  "session.resize",
  "session.terminate",
  "session.end",
  "session.rejected",
  "session.recording.stored",
  "session.recording.access",
  "session.recording.delete",
  "session.recording.hold",
  "session.recording.release",
  "session.command",
  "session.disk",
  "session.network",
  "sftp",
  "scp",
  "port",
  "exec",
  "config.update",
  "lock.create",
  "lock.delete",
)
export type AuditEventType = typeof AuditEventType.Type

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.NullOr(schema)

/** What is told about an event; the audit log adds its id, its time and its place in the chain. */
export const AuditEventDraft = Schema.Struct({
  type: AuditEventType,
  user: optional(Schema.String),
  session_id: optional(Schema.String),
  node: optional(Schema.String),
  login: optional(Schema.String),
  remote_address: optional(Schema.String),
  /** What only this type of event has: durations in milliseconds, sizes in bytes, digests in hex, reasons. */
  detail: Schema.Record({ key: Schema.String, value: Schema.Unknown }),
})
export type AuditEventDraft = typeof AuditEventDraft.Type

/** An event as it stands in the audit log. Times are RFC 3339 in UTC. */
export const AuditEvent = Schema.Struct({
  /** A ULID. */
  id: Schema.String,
  time: Schema.String,
  ...AuditEventDraft.fields,
})
export type AuditEvent = typeof AuditEvent.Type

/** An event of this type of which nothing more than `about` is known. */
export const auditEvent = (
  type: AuditEventType,
  about: Partial<Omit<AuditEventDraft, "type">> = {},
): AuditEventDraft => ({
  type,
  user: null,
  session_id: null,
  node: null,
  login: null,
  remote_address: null,
  detail: {},
  ...about,
})
