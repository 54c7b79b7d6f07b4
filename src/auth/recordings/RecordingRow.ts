import { Option } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { KeyShare } from "../../recording/KeyShare.ts"

/**
 * Where a session's recording is: it grows on a hub's disk (`open`), is whole there and waits to be stored (`kept`), is in its
 * place (`stored`), is on its way out of it, unreadable if it was encrypted (`deleting`), or gone (`deleted`).
 */
export type RecordingState = "open" | "kept" | "stored" | "deleting" | "deleted"

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
  /** The share of its key, in hex; null where it is not encrypted, or the share is destroyed. */
  readonly share: string | null
  /** 1 once the share is destroyed. */
  readonly shredded: number
  /** Since when it may not be deleted; null where it may. */
  readonly held_ms: number | string | null
  readonly held_by: string | null
  readonly hold_reason: string | null
  readonly deleted_ms: number | string | null
  /** Who deletes it; null: its time is over. */
  readonly deleted_by: string | null
  readonly delete_reason: string | null
}

/** Whether there is nothing of it any more, or soon will be. */
export const isDeleted = ({ state }: RecordingRow): boolean => state === "deleting" || state === "deleted"

export const shareOf = ({ share }: RecordingRow): Option.Option<KeyShare> =>
  Option.flatMap(Option.fromNullable(share), KeyShare.fromHex)
