import { Effect, Option } from "effect"
import type { SessionEnd } from "../../domain/SessionEnd.ts"
import { agentLostReason, isLost, isSameSession, type SessionRow, startedRow } from "../sessions/SessionRecord.ts"
import type { AdmittedSession } from "./admit.ts"
import { IngestRefused } from "./IngestRefused.ts"

/** What the hub writes at the end of a session whose agent did not come back in time. */
export const agentLost = (durationMs: number): SessionEnd => ({
  durationMs: Math.max(0, durationMs),
  status: "interrupted",
  reason: agentLostReason,
})

const denied = (message: string) => new IngestRefused({ reason: "denied", message })

/** Whether a session is over for good: one whose agent was lost may still be completed. */
export const isConcluded = (row: SessionRow): boolean => row.status !== "active" && !isLost(row)

/** Whoever has a session goes on with it, in the mode that it began with. */
export const checkKnown = (
  info: AdmittedSession,
  row: Option.Option<SessionRow>,
): Effect.Effect<void, IngestRefused> => {
  if (Option.exists(row, (known) => known.node !== info.node)) return denied("this session is another node's")
  if (Option.exists(row, (known) => known.mode !== info.mode)) return denied("a session keeps the mode it began with")
  if (Option.exists(row, (known) => !isSameSession(known, startedRow(info)))) {
    return denied("this session is known with another user, login or start")
  }
  return Effect.void
}
