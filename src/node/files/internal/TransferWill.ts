import { Effect, type Scope } from "effect"
import type { AuditEventDraft } from "../../../domain/AuditEvent.ts"
import type { AuditReports } from "../../audit/AuditReports.ts"
import type { AuditWill } from "../../audit/AuditWill.ts"
import type { ReportFailed } from "../../audit/ReportFailed.ts"
import type { FileOperation } from "../FileOperation.ts"

/** What is left to be told of a transfer should this program be killed before its end: what had begun, and that it has ended. */
export class TransferWill {
  readonly #reports: AuditReports["Type"]
  readonly #end: AuditEventDraft
  #will: AuditWill | undefined
  #begun: ReadonlyArray<FileOperation> = []

  constructor(reports: AuditReports["Type"], end: AuditEventDraft) {
    this.#reports = reports
    this.#end = end
  }

  /** Durable; as long as the scope. */
  readonly make: Effect.Effect<void, ReportFailed, Scope.Scope> = Effect.suspend(() =>
    Effect.map(this.#reports.will([this.#end]), (will) => {
      this.#will = will
    }),
  )

  change(
    begun: ReadonlyArray<FileOperation>,
    eventOf: (operation: FileOperation) => AuditEventDraft,
  ): Effect.Effect<void, ReportFailed> {
    if (begun === this.#begun || this.#will === undefined) return Effect.void
    if (begun.length === 0 && this.#begun.length === 0) return Effect.void
    this.#begun = begun
    return this.#will.change([...begun.map(eventOf), this.#end])
  }
}
