import type { Effect } from "effect"
import type { AuditEventDraft } from "../../domain/AuditEvent.ts"
import type { ReportFailed } from "./ReportFailed.ts"

/** What this program leaves to be told of something, should it be killed before that has ended. */
export interface AuditWill {
  /** In place of what it was. Heeded once complete, whenever the program is killed; a loss of power may bring back what it was. */
  readonly change: (events: ReadonlyArray<AuditEventDraft>) => Effect.Effect<void, ReportFailed>
}
