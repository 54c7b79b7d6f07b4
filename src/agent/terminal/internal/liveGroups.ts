import { Effect } from "effect"
import { auditMark, type ProcessStat, ProcessTable, type Snapshot } from "./ProcessTable.ts"
import { markName } from "./sessionMark.ts"
import type { ProcessSession, SessionMarks } from "./sessionProcesses.ts"

/** One for all sessions of this process: where many end at the same time, each look serves all. */
const table = new ProcessTable(markName)

/** Those that bear a mark, and the children of those that are found. */
const leftIt = (
  { all, marked }: Snapshot,
  { environment, auditSession }: SessionMarks,
  members: ReadonlyArray<ProcessStat>,
): ReadonlyArray<ProcessStat> => {
  const audited = auditSession?.id === undefined ? [] : marked(auditMark(auditSession.id))
  const found = new Set([...members, ...marked(environment), ...audited])
  const pids = new Set([...found].map(({ pid }) => pid))
  // A set is walked on over what is added meanwhile: children of children too.
  for (const { pid: parent } of found) {
    for (const child of all) {
      if (child.parent !== parent || pids.has(child.pid)) continue
      pids.add(child.pid)
      found.add(child)
    }
  }
  return [...found].filter(({ pid }) => pid !== process.pid)
}

/** The process groups of a session that live: of the kernel's session; and where there are marks, of those that left it. */
export const liveGroups = ({ leader, reaped, marks }: ProcessSession): Effect.Effect<ReadonlyArray<number>> =>
  Effect.map(table.look, (snapshot) => {
    const { all } = snapshot
    const reused = reaped() && all.some(({ pid }) => pid === leader)
    const members = leader === undefined || reused ? [] : all.filter(({ session }) => session === leader)
    const others = marks === undefined ? [] : leftIt(snapshot, marks, members)
    return [...new Set([...members, ...others].map(({ group }) => group))]
  })
