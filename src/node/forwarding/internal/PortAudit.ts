import { Effect, type Scope } from "effect"
import { type AuditEventDraft, auditEvent } from "../../../domain/AuditEvent.ts"
import { escapeText } from "../../../domain/escapeText.ts"
import type { AuditReports } from "../../audit/AuditReports.ts"
import { EventTally } from "../../audit/EventTally.ts"
import type { ReportFailed } from "../../audit/ReportFailed.ts"
import { tellTally } from "../../audit/tellTally.ts"

/** `local`: from the node to `target` (`-L`, `-D`); `remote`: from where the node listens to the client's side (`-R`). */
export interface Forward {
  readonly direction: "local" | "remote"
  /** `HOST:PORT`, or a unix socket's path; of a remote one where the node listens. */
  readonly target: string
  /** Who connected, `ADDRESS:PORT`. */
  readonly origin: string
  /** What a host's name in `target` meant then. */
  readonly address?: string
}

/** How a forwarded connection ended. */
export interface ForwardEnd {
  readonly bytesFromClient: number
  readonly bytesToClient: number
  readonly durationMs: number
}

/** Tells the audit log of one SSH connection's forwarded ports. */
export interface PortAudit {
  /** To be told before the first byte: the first connection to each target is told when it opens too. */
  readonly opening: (forward: Forward) => Effect.Effect<void, ReportFailed>
  readonly ended: (forward: Forward, end: ForwardEnd) => Effect.Effect<void>
  readonly failed: (forward: Forward, reason: string) => Effect.Effect<void>
  readonly refused: (forward: Forward, reason: string) => Effect.Effect<void>
  /** `action`: `listen` or `cancel`. */
  readonly listening: (action: string, target: string) => Effect.Effect<void, ReportFailed>
}

const limits = { oneByOne: 200, keys: 100 }
const mostOpenings = 100
const mostRefusals = 20

/** `about`: who it is. What is counted only is told every 10 minutes, and when the scope ends. */
export const portAudit = Effect.fnUntraced(function* (
  reports: AuditReports["Type"],
  about: Pick<AuditEventDraft, "user" | "login" | "remote_address">,
): Effect.fn.Return<PortAudit, never, Scope.Scope> {
  const tally = new EventTally(limits)
  const opened = new Set<string>()
  let refusals = 0

  const event = (
    action: string,
    { direction, target, origin, address }: Omit<Forward, "origin"> & Partial<Forward>,
    detail: AuditEventDraft["detail"],
  ) =>
    auditEvent("port", {
      ...about,
      detail: {
        action,
        direction,
        target: escapeText(target),
        ...(origin === undefined || origin === "" ? {} : { origin: escapeText(origin) }),
        ...(address === undefined ? {} : { address }),
        ...detail,
      },
    })
  const tellOrCount = (forward: Forward, action: string, detail: AuditEventDraft["detail"], amounts: object) =>
    Effect.suspend(() => {
      if (tally.takesOneByOne()) return reports.tell(event(action, forward, detail))
      tally.count(`${forward.direction} ${escapeText(forward.target)}`, { ...amounts })
      return Effect.void
    })
  yield* tellTally(tally, ({ key, amounts }) =>
    reports.tell(auditEvent("port", { ...about, detail: { action: "tally", of: key, ...amounts } })),
  )

  return {
    opening: (forward) =>
      Effect.suspend(() => {
        const key = `${forward.direction} ${forward.target}`
        if (opened.has(key) || opened.size >= mostOpenings) return Effect.void
        opened.add(key)
        return Effect.asVoid(reports.report(event("open", forward, {})))
      }),
    ended: (forward, { bytesFromClient, bytesToClient, durationMs }) => {
      const bytes = { bytes_from_client: bytesFromClient, bytes_to_client: bytesToClient }
      return tellOrCount(forward, "close", { ...bytes, duration_ms: durationMs }, { connections: 1, ...bytes })
    },
    failed: (forward, reason) => tellOrCount(forward, "fail", { reason }, { failed: 1 }),
    refused: (forward, reason) =>
      Effect.suspend(() => {
        refusals += 1
        if (refusals > mostRefusals) return Effect.void
        const detail = { reason, direction: forward.direction, target: escapeText(forward.target) }
        return reports.tell(auditEvent("session.rejected", { ...about, detail }))
      }),
    listening: (action, target) => Effect.asVoid(reports.report(event(action, { direction: "remote", target }, {}))),
  }
})
