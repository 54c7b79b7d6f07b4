import { readdir, readFile } from "node:fs/promises"
import { Clock, Duration, Effect } from "effect"

/** How a program's processes are found: all of them are in the session that its first process leads. */
export interface ProcessSession {
  readonly leader: number
  /** Whether the leader was reaped: then a process that has its id is another's. */
  readonly reaped: () => boolean
}

const pollInterval = Duration.millis(10)
const killAttempts = 50

interface ProcessStat {
  readonly pid: number
  readonly group: number
  readonly session: number
}

/** Fields of proc(5)'s stat; the name before them may hold anything, also parentheses. None for one that is dead. */
const parseStat = (pid: number, stat: string): ReadonlyArray<ProcessStat> => {
  const [state = "", , group = "", session = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return state === "Z" || state === "X" ? [] : [{ pid, group: Number(group), session: Number(session) }]
}

const readStat = (pid: string): Effect.Effect<ReadonlyArray<ProcessStat>> =>
  Effect.tryPromise(() => readFile(`/proc/${pid}/stat`, "latin1")).pipe(
    Effect.map((stat) => parseStat(Number(pid), stat)),
    // It ended since it was listed.
    Effect.orElseSucceed(() => []),
  )

/** The process groups that live in the session. */
const liveGroups = Effect.fn("sessionProcesses.liveGroups")(function* (session: ProcessSession) {
  const names = yield* Effect.promise(() => readdir("/proc"))
  const pids = names.filter((name) => /^\d+$/.test(name))
  const all = (yield* Effect.forEach(pids, readStat, { concurrency: 8 })).flat()
  if (session.reaped() && all.some((process) => process.pid === session.leader)) return []
  return [...new Set(all.filter((process) => process.session === session.leader).map((process) => process.group))]
})

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

const gone = Effect.fn("sessionProcesses.gone")(function* (session: ProcessSession, until: number) {
  while ((yield* Clock.currentTimeMillis) < until) {
    if ((yield* liveGroups(session)).length === 0) return true
    yield* Effect.sleep(pollInterval)
  }
  return false
})

/**
 * Ends every process of a session: SIGHUP to all its process groups (and SIGCONT, for those that are stopped), after `grace`
 * SIGKILL. Those that left the session (daemons) stay. Returns once none is left; warns when some would not die.
 */
export const endProcesses = Effect.fn("sessionProcesses.end")(function* (
  session: ProcessSession,
  grace: Duration.Duration,
) {
  const groups = yield* liveGroups(session)
  yield* signalGroups(groups, "SIGHUP")
  yield* signalGroups(groups, "SIGCONT")
  const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(grace)
  if (yield* gone(session, until)) return
  for (let attempt = 0; attempt < killAttempts; attempt++) {
    const left = yield* liveGroups(session)
    if (left.length === 0) return
    yield* signalGroups(left, "SIGKILL")
    yield* Effect.sleep(pollInterval)
  }
  yield* Effect.logWarning(`processes of session ${session.leader} do not die`)
})
