import type { RecordingMode } from "../../src/domain/RecordingMode.ts"
import { type FaultKind, faultKinds } from "./Fault.ts"
import type { TrialResult, TrialSession } from "./runTrial.ts"

/** What the trials with a fault, or the sessions in a mode, add up to. */
interface Sum {
  sessions: number
  shown: number
  stored: number
  lost: number
}

const sumOf = (sessions: ReadonlyArray<TrialSession>): Sum => ({
  sessions: sessions.length,
  shown: total(sessions, ({ shown }) => shown),
  stored: total(sessions, ({ stored }) => stored),
  lost: total(sessions, ({ lost }) => lost),
})

const total = (sessions: ReadonlyArray<TrialSession>, bytes: (account: TrialSession["account"]) => number): number =>
  sessions.reduce((sum, { account }) => sum + bytes(account), 0)

const row = (cells: ReadonlyArray<string | number>, widths: ReadonlyArray<number>): string =>
  `| ${cells.map((cell, index) => (index === 0 ? `${cell}`.padEnd(widths[index] ?? 0) : `${cell}`.padStart(widths[index] ?? 0))).join(" | ")} |`

/** In Markdown's form. */
const table = (rows: ReadonlyArray<ReadonlyArray<string | number>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => `${cells[column]}`.length)))
  const rule = widths.map((width, index) => (index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`))
  const [head = [], ...body] = rows
  return [row(head, widths), row(rule, widths), ...body.map((cells) => row(cells, widths))].join("\n")
}

/** The report of all trials, for people. */
export class ChaosReport {
  readonly #results: Array<TrialResult> = []

  add(result: TrialResult): void {
    this.#results.push(result)
  }

  get failed(): number {
    return this.#results.filter(({ findings }) => findings.length > 0).length
  }

  get #sessions(): ReadonlyArray<TrialSession> {
    return this.#results.flatMap(({ sessions }) => sessions)
  }

  get lost(): number {
    return sumOf(this.#sessions).lost
  }

  #ofMode(mode: RecordingMode): ReadonlyArray<string | number> {
    const sessions = this.#sessions.filter(({ evidence }) => evidence.plan.mode === mode)
    const cutShort = sessions.filter(({ evidence: { code } }) => code === 255 || code === null).length
    const sum = sumOf(sessions)
    return [mode, sum.sessions, cutShort, sum.shown, sum.stored, sum.lost]
  }

  #ofKind(kind: FaultKind): ReadonlyArray<string | number> {
    const struck = this.#results.filter(({ faults }) => faults.some((fault) => fault.kind === kind))
    const times = struck.reduce((sum, { faults }) => sum + faults.filter((fault) => fault.kind === kind).length, 0)
    const sum = sumOf(struck.flatMap(({ sessions }) => sessions))
    return [kind, times, struck.length, sum.sessions, sum.shown, sum.lost]
  }

  /** The lines of clients and of Mezite that users saw, and how often; what differs from time to time is left out. */
  get #lines(): ReadonlyArray<readonly [string, number]> {
    const counts = new Map<string, number>()
    for (const { evidence } of this.#sessions) {
      for (const line of evidence.stderr.split(/\r?\n/)) {
        if (line === "" || line.startsWith(`${evidence.plan.key}-err `)) continue
        const general = line
          .replace(/127\.0\.0\.1:\d+|127\.0\.0\.1 port \d+/g, "HUB")
          .replace(/\b(node-sync|node|off)-1\b/g, "NODE")
          .replace(/\/\S*\/agent\/spool/g, "SPOOL")
          .replace(/[\da-f]{8}-[\da-f-]{27}/g, "ID")
        counts.set(general, (counts.get(general) ?? 0) + 1)
      }
    }
    return [...counts].sort(([, a], [, b]) => b - a)
  }

  get text(): string {
    const kinds = faultKinds.map((kind) => this.#ofKind(kind)).filter(([, times]) => times !== 0)
    const modes = (["node-sync", "node", "off"] as const).map((mode) => this.#ofMode(mode))
    const lines = this.#lines.map(([line, count]) => `${`${count}`.padStart(6)}  ${line}`)
    return [
      table([["mode", "sessions", "cut short", "bytes shown", "bytes stored", "lost"], ...modes]),
      "",
      table([["fault", "times", "trials", "sessions", "bytes shown", "lost"], ...kinds]),
      "",
      "What users read, and how many:",
      ...lines,
      "",
      `${this.#results.length} trials, ${this.failed} failed; ${this.#sessions.length} sessions, ${this.lost} bytes lost`,
    ].join("\n")
  }
}
