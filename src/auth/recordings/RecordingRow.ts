import type { SessionId } from "../../domain/Identifiers.ts"

/**
 * Where a session's recording is: it grows on a hub's disk (`open`), is whole there and waits to be stored (`kept`), or is in its
 * place (`stored`).
 */
export type RecordingState = "open" | "kept" | "stored"

/** A row of `recordings`; PostgreSQL gives its BIGINTs as text. */
export interface RecordingRow {
  readonly session_id: SessionId
  readonly state: RecordingState
  readonly frames: number | string
  /** How often it could not be stored, and what happened last. */
  readonly attempts: number | string
  readonly trouble: string | null
  /** When it was stored; of a recording that is being completed, when what it completes was. */
  readonly stored_ms: number | string | null
}
