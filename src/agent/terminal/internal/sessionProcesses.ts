import { Clock, Duration, Effect } from "effect"
import type { AuditSession } from "./AuditSession.ts"
import { liveGroups } from "./liveGroups.ts"

/** How a program's processes are found. */
export interface ProcessSession {
  /** The first process: it leads the session that all are in which did not leave it. Undefined where only the mark is known. */
  readonly leader: number | undefined
  /** Whether the leader was reaped: then a process that has its id is another's. */
  readonly reaped: () => boolean
  /** How those are found that left the session. Without it these stay, as daemons do after a logout. */
  readonly marks: SessionMarks | undefined
}

/** What is this session's processes' alone: any of it marks a process as one of them. */
export interface SessionMarks {
  /** What `sessionMark` says, as it stands in the environment. */
  readonly environment: string
  /** None where it is not known. */
  readonly auditSession: AuditSession | undefined
}

const pollInterval = Duration.millis(10)
const killAttempts = 50

/** Sends a signal to process groups; one that has just ended is no error. */
export const signalGroups = (groups: ReadonlyArray<number>, signal: NodeJS.Signals): Effect.Effect<void> =>
  Effect.forEach(
    groups,
    (group) =>
      Effect.try(() => process.kill(-group, signal)).pipe(
        Effect.catchAll(({ error }) =>
          error instanceof Error && "code" in error && error.code === "ESRCH"
            ? Effect.void
            : Effect.logWarning(`cannot send ${signal} to process group ${group}`, error),
        ),
      ),
    { discard: true },
  )

/** The groups that are left when all have ended, none, or when the time is over, by a clock that nobody sets. */
const leftAfter = Effect.fn("sessionProcesses.leftAfter")(function* (
  session: ProcessSession,
  limit: Duration.Duration,
) {
  const until = (yield* Clock.currentTimeNanos) + Duration.unsafeToNanos(limit)
  while (true) {
    const left = yield* liveGroups(session)
    if (left.length === 0 || (yield* Clock.currentTimeNanos) >= until) return left
    yield* Effect.sleep(pollInterval)
  }
})

const hangUp = (groups: ReadonlyArray<number>) =>
  Effect.zipRight(signalGroups(groups, "SIGHUP"), signalGroups(groups, "SIGCONT"))

/**
 * Ends every process of a session: SIGHUP to all its process groups (and SIGCONT, for those that are stopped), after `grace`
 * SIGKILL. Returns once none is left; warns when some would not die.
 */
export const endProcesses = Effect.fn("sessionProcesses.end")(function* (
  session: ProcessSession,
  grace: Duration.Duration,
) {
  const { leader, reaped } = session
  // Its own group at once: on a machine with many processes it takes a while to find the others.
  const first = leader === undefined || reaped() ? [] : [leader]
  yield* hangUp(first)
  const groups = yield* liveGroups(session)
  yield* hangUp(groups.filter((group) => !first.includes(group)))
  let left = yield* leftAfter(session, grace)
  for (let attempt = 0; attempt < killAttempts; attempt++) {
    if (left.length === 0) return
    yield* signalGroups(left, "SIGKILL")
    yield* Effect.sleep(pollInterval)
    left = yield* liveGroups(session)
  }
  yield* Effect.logWarning(`processes of session ${session.leader ?? session.marks?.environment} do not die`)
})
