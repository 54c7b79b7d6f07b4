import { readFileSync } from "node:fs"
import type { Session } from "../../src/api/ClusterRpcs.ts"
import type { Cluster } from "../e2e/support/Cluster.ts"
import type { ChaosCluster } from "./ChaosCluster.ts"
import { filesBelow } from "./filesBelow.ts"
import { belongsTo, type HubView } from "./HubView.ts"
import { nodeOf } from "./nodeOf.ts"
import type { SessionPlan } from "./SessionPlan.ts"

/** Every session has one start, one end, and, where it is recorded, its recording. */
const eventFindings = ({ sessions, events }: HubView): ReadonlyArray<string> =>
  sessions.flatMap(({ session_id: id, mode, ended_at: endedAt }) => {
    const count = (type: string) => events.filter((event) => event.type === type && event.session_id === id).length
    const found: Array<string> = []
    if (endedAt === null) found.push(`session ${id} has not ended`)
    for (const type of ["session.start", "session.end"]) {
      if (count(type) !== 1) found.push(`session ${id} has ${count(type)} events ${type}`)
    }
    const stored = count("session.recording.stored")
    if (mode === "off" ? stored > 0 : stored === 0) found.push(`session ${id} (${mode}) was stored ${stored} times`)
    return found
  })

/** Nothing that a session in mode off showed is in any file of the hub or of its agent. */
const offFindings = (chaos: ChaosCluster, plans: ReadonlyArray<SessionPlan>): ReadonlyArray<string> => {
  const off = plans.filter(({ mode }) => mode === "off")
  if (off.length === 0) return []
  const { cluster } = chaos
  const files = [cluster.hubDirectory, cluster.agentDirectory(nodeOf("off"))].flatMap(filesBelow)
  // No command line has these words together: they come about as it runs.
  const shown = off.map(({ key }) => new RegExp(`tok\\d+-${key}|${key} \\d+ \\d+ abc|${key} sends \\d|${key}-err \\d`))
  return files.flatMap((file) => {
    const content = readFileSync(file, "latin1")
    return shown.some((pattern) => pattern.test(content)) ? [`${file} has content of a session in mode off`] : []
  })
}

const verifyFindings = async (cluster: Cluster, sessions: ReadonlyArray<Session>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const { session_id: id, mode } of sessions) {
    if (mode === "off") continue
    const { code, stderr } = await cluster.msh("verify", id)
    if (code !== 0) found.push(`session ${id}: ${stderr.trim()}`)
  }
  return found
}

/** What is wrong with what a trial left, beyond what belongs to one session; none where all is well. */
export const accountCluster = async (
  chaos: ChaosCluster,
  view: HubView,
  plans: ReadonlyArray<SessionPlan>,
): Promise<ReadonlyArray<string>> => [
  ...(view.auditProblem === "" ? [] : [view.auditProblem]),
  ...eventFindings(view),
  ...view.sessions
    .filter((session) => !plans.some((plan) => belongsTo(plan)(session)))
    .map(({ session_id: id }) => `session ${id} is none that was begun`),
  ...(await verifyFindings(chaos.cluster, view.sessions)),
  ...offFindings(chaos, plans),
  ...chaos.spooled.map((file) => `${file} is still at the agent`),
  ...chaos.partials.map((file) => `${file} is still unfinished at the hub`),
]
