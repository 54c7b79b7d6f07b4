import { Effect, Option } from "effect"
import type { AuditEvent, AuditEventType } from "../../domain/AuditEvent.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { printLine } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { hubOnThisHost } from "./HubSocket.ts"

/** `mezctl audit ls`. */
export interface AuditOptions {
  readonly type: Option.Option<AuditEventType>
  readonly user: Option.Option<string>
  readonly session: Option.Option<string>
  readonly last: Option.Option<string>
  readonly limit: Option.Option<number>
  readonly format: ListFormat
}

const detailOf = (event: AuditEvent): string =>
  Object.entries(event.detail)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ")

const columns: Columns<AuditEvent> = {
  header: ["TIME", "TYPE", "USER", "NODE", "LOGIN", "SESSION ID", "DETAIL"],
  row: (event) => [
    event.time,
    event.type,
    event.user ?? "-",
    event.node ?? "-",
    event.login ?? "-",
    event.session_id ?? "-",
    detailOf(event),
  ],
}

/** Lists audit events, the newest first. */
export const listAudit = Effect.fn("mezctl.audit.ls")(function* (options: AuditOptions) {
  const client = yield* hubOnThisHost
  const events = client.AuditList({
    type: Option.getOrNull(options.type),
    user: Option.getOrNull(options.user),
    session_id: Option.getOrNull(options.session),
    last: Option.getOrNull(options.last),
    limit: Option.getOrNull(options.limit),
  })
  yield* printList(events, options.format, columns)
}, Effect.scoped)

/** Walks the chain of audit events; fails where it is broken. */
export const verifyAudit = Effect.fn("mezctl.audit.verify")(function* () {
  const client = yield* hubOnThisHost
  const { events, broken_at } = yield* client.AuditVerify()
  if (broken_at === null) return yield* printLine(`OK: ${events} events, each follows from the one before it`)
  return yield* new CommandFailed({
    message: `the audit log is BROKEN: event ${broken_at} does not follow from the one before it (${events} events walked)`,
  })
}, Effect.scoped)
