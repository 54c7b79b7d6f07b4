import { Clock, Effect, type Scope } from "effect"
import { type AuditEventDraft, auditEvent } from "../../../domain/AuditEvent.ts"
import { escapePath } from "../../../domain/escapePath.ts"
import { escapeText } from "../../../domain/escapeText.ts"
import type { SessionInfo } from "../../../domain/SessionInfo.ts"
import type { AuditReports, Reported } from "../../audit/AuditReports.ts"
import { EventTally } from "../../audit/EventTally.ts"
import type { ReportFailed } from "../../audit/ReportFailed.ts"
import { tellTally } from "../../audit/tellTally.ts"
import type { NodeHost } from "../../NodeHost.ts"
import type { FileOperation, OnFileOperation } from "../FileOperation.ts"
import { FileTransfer } from "../FileTransfer.ts"
import { TransferWill } from "./TransferWill.ts"
import { toldWords } from "./toldWords.ts"

type Detail = AuditEventDraft["detail"]

/** Tells the audit log of one transfer. */
export interface TransferAudit {
  /** That it begins; and that it has ended, should this program be killed before it has. */
  readonly started: Effect.Effect<Reported, ReportFailed, Scope.Scope>
  /** Takes what was done to a file, from plain code. */
  readonly tell: OnFileOperation
  /** What has begun, and would be told as it is if this program were killed. */
  readonly begun: (operations: ReadonlyArray<FileOperation>) => Effect.Effect<void, ReportFailed>
  /** Completes once everything that was taken is kept. */
  readonly settled: Effect.Effect<void, ReportFailed>
  readonly ended: (end: Detail) => Effect.Effect<void>
}

/**
 * Of more than that only how many they were, and how large. Of files' content and of all else each: nobody hides what was read or
 * written behind a thousand directories.
 */
const limits = { oneByOne: 1000, keys: 64 }

const types = { Sftp: "sftp", Scp: "scp", Rsync: "exec" } as const

/** What the command says of itself. */
const aboutOf: (transfer: FileTransfer) => Detail = FileTransfer.$match({
  Sftp: () => ({}),
  Scp: ({ direction, paths }) => ({ direction, paths: toldWords(paths) }),
  Rsync: ({ program, direction, paths, arguments: words }) => ({
    program,
    direction,
    paths: toldWords(paths),
    arguments: toldWords(words),
  }),
})

const detailOf = ({ action, path, to, name, bytes, attributes, result }: FileOperation): Detail => ({
  action,
  path: escapePath(path),
  ...(to === undefined ? {} : { to: escapePath(to) }),
  ...(name === undefined ? {} : { name: escapePath(name) }),
  ...(bytes === undefined ? {} : { bytes }),
  ...attributes,
  result: escapeText(result),
})

const isContent = ({ action }: FileOperation): boolean => action === "upload" || action === "download"

/** Files and bytes, of all that was done. */
class Totals {
  readonly #sums = { uploaded: { files: 0, bytes: 0 }, downloaded: { files: 0, bytes: 0 } }
  #operations = 0

  add({ action, bytes = 0 }: FileOperation): void {
    this.#operations += 1
    if (action !== "upload" && action !== "download") return
    const sum = this.#sums[`${action}ed`]
    sum.files += 1
    sum.bytes += bytes
  }

  get detail(): Detail {
    return { operations: this.#operations, ...this.#sums }
  }
}

/** What is counted only is told every 10 minutes, and when the scope ends. */
export const transferAudit = Effect.fnUntraced(function* (
  reports: AuditReports["Type"],
  transfer: FileTransfer,
  info: SessionInfo,
  host: NodeHost["Type"],
): Effect.fn.Return<TransferAudit, never, Scope.Scope> {
  const about = { user: info.user, session_id: info.sessionId, login: info.login, remote_address: info.remoteAddress }
  const tallies = { content: new EventTally(limits), others: new EventTally(limits) }
  const totals = new Totals()
  const startedMs = yield* Clock.currentTimeMillis
  const event = (detail: Detail) => auditEvent(types[transfer._tag], { ...about, detail })
  const lost = event({ action: "end", ...aboutOf(transfer), reason: `the ${host} was lost` })
  const will = new TransferWill(reports, lost)
  let taken: Array<AuditEventDraft> = []
  const tellCounted = yield* Effect.forEach(Object.values(tallies), (tally) =>
    tellTally(tally, ({ key, amounts }) => reports.tell(event({ action: "tally", of: key, ...amounts }))),
  )

  return {
    started: Effect.map(
      Effect.all([reports.report(event({ action: "start", ...aboutOf(transfer) })), will.make], {
        concurrency: "unbounded",
      }),
      ([reported]) => reported,
    ),
    begun: (operations) => will.change(operations, (operation) => event(detailOf(operation))),
    tell: (operation) => {
      totals.add(operation)
      const tally = tallies[isContent(operation) ? "content" : "others"]
      if (tally.takesOneByOne()) taken.push(event(detailOf(operation)))
      else {
        const outcome = operation.result === "ok" ? "" : " failed"
        tally.count(`${operation.action}${outcome}`, { count: 1, bytes: operation.bytes ?? 0 })
      }
    },
    settled: Effect.suspend(() => {
      if (taken.length === 0) return Effect.void
      const events = taken
      taken = []
      return Effect.forEach(events, reports.report, { concurrency: "unbounded", discard: true })
    }),
    ended: (end) =>
      Effect.flatMap(Effect.zipRight(Effect.all(tellCounted, { discard: true }), Clock.currentTimeMillis), (nowMs) =>
        reports.tell(
          event({
            action: "end",
            ...aboutOf(transfer),
            ...(transfer._tag === "Rsync" ? {} : totals.detail),
            ...end,
            duration_ms: nowMs - startedMs,
          }),
        ),
      ),
  }
})
