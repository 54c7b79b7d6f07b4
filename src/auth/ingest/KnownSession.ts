import { Effect, Option } from "effect"
import type { SessionEnd } from "../../domain/SessionEnd.ts"
import { agentLostReason, isLost, type SessionRow } from "../sessions/SessionRecord.ts"
import type { AdmittedSession } from "./admit.ts"
import { IngestRefused } from "./IngestRefused.ts"
import type { StoredRecording } from "./OpenRecording.ts"

/** What the hub writes at the end of a session whose agent did not come back in time. */
export const agentLost = (durationMs: number): SessionEnd => ({
  durationMs: Math.max(0, durationMs),
  status: "interrupted",
  reason: agentLostReason,
})

const denied = (message: string) => new IngestRefused({ reason: "denied", message })

/** What became of a session that is over; none where it may still be completed. */
export const concluded = (row: SessionRow): Option.Option<StoredRecording> =>
  row.status === "active" || isLost(row)
    ? Option.none()
    : Option.some({
        _tag: "Stored",
        digest: Buffer.from(row.recording_digest ?? "", "hex"),
        bytes: Number(row.recording_bytes ?? 0),
      })

/** Whoever has a session goes on with it, in the mode that it began with. */
export const checkKnown = (
  info: AdmittedSession,
  row: Option.Option<SessionRow>,
): Effect.Effect<void, IngestRefused> => {
  if (Option.exists(row, (known) => known.node !== info.node)) return denied("this session is another node's")
  if (Option.exists(row, (known) => known.mode !== info.mode)) return denied("a session keeps the mode it began with")
  return Effect.void
}
