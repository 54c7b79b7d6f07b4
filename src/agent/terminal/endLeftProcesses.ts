import { Duration, type Effect } from "effect"
import { sessionMark } from "./internal/sessionMark.ts"
import { endProcesses } from "./internal/sessionProcesses.ts"

const grace = Duration.millis(250)

/** Ends what runs of a session whose agent is gone: SIGHUP, then SIGKILL. Found by `MEZITE_SESSION_ID` in their environment. */
export const endLeftProcesses = (sessionId: string): Effect.Effect<void> =>
  endProcesses(
    {
      leader: undefined,
      reaped: () => true,
      marks: { environment: sessionMark(sessionId), auditSession: undefined },
    },
    grace,
  )
