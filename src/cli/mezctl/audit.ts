import { Effect, Option } from "effect"
import type { AuditEvent, AuditEventType } from "../../domain/AuditEvent.ts"
import { type AuditHead, showAuditHead } from "../../domain/AuditHead.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { printLine } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { adminHub } from "./AdminHub.ts"
import { detailText } from "./detailText.ts"

/** `mezctl audit ls`. */
export interface AuditOptions {
  readonly type: Option.Option<AuditEventType>
  readonly user: Option.Option<string>
  readonly session: Option.Option<string>
  readonly node: Option.Option<string>
  readonly last: Option.Option<string>
  readonly limit: Option.Option<number>
  readonly program: Option.Option<string>
  readonly path: Option.Option<string>
  readonly format: ListFormat
}

const columns: Columns<AuditEvent> = {
  header: ["TIME", "TYPE", "USER", "NODE", "LOGIN", "SESSION ID", "DETAIL"],
  row: (event) => [
    event.time,
    event.type,
    event.user,
    event.node,
    event.login,
    event.session_id,
    detailText(event.detail),
  ],
}

/** Lists audit events, the newest first. */
export const listAudit = Effect.fn("mezctl.audit.ls")(function* (options: AuditOptions) {
  const client = yield* adminHub
  const events = client.AuditList({
    type: Option.getOrNull(options.type),
    user: Option.getOrNull(options.user),
    session_id: Option.getOrNull(options.session),
    node: Option.getOrNull(options.node),
    last: Option.getOrNull(options.last),
    limit: Option.getOrNull(options.limit),
    program: Option.getOrNull(options.program),
    path: Option.getOrNull(options.path),
  })
  yield* printList(events, options.format, columns)
}, Effect.scoped)

/** Walks the chain of audit events; fails where it is broken, or does not go through a head that it had once. */
export const verifyAudit = Effect.fn("mezctl.audit.verify")(function* (known: Option.Option<AuditHead>) {
  const client = yield* adminHub
  const { events, head, problem } = yield* client.AuditVerify({ known: Option.getOrNull(known) })
  if (problem !== null) {
    return yield* new CommandFailed({ message: `the audit log is BROKEN: ${problem} (${events} events are well)` })
  }
  yield* printLine(`OK: ${events} events, each follows from the one before it`)
  if (events > 0) yield* printLine(`head: ${showAuditHead(head)}`)
}, Effect.scoped)
