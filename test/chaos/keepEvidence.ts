import { cpSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ChaosCluster } from "./ChaosCluster.ts"
import { describeFault } from "./Fault.ts"
import type { TrialResult } from "./runTrial.ts"

/** Writes what there is to look at into a trial's directory: findings, what users saw, what programs said, and small disks. */
export const keepEvidence = (
  chaos: ChaosCluster,
  directory: string,
  { faults, sessions, findings }: TrialResult,
): void => {
  const told = sessions.map(({ evidence: { plan, code, stderr, executed }, account }) => ({
    session: plan.key,
    mode: plan.mode,
    client: plan.client,
    terminal: plan.terminal,
    workload: plan.workload.name,
    code,
    stderr,
    executed: executed.length,
    account,
  }))
  const report = { findings, faults: faults.map(describeFault), sessions: told }
  writeFileSync(join(directory, "trial.json"), `${JSON.stringify(report, undefined, 2)}\n`)
  for (const { evidence } of sessions) {
    writeFileSync(join(directory, `${evidence.plan.key}.shown`), evidence.shown)
    writeFileSync(join(directory, `${evidence.plan.key}.sent`), evidence.sent)
  }
  chaos.writeLogs()
  for (const name of ["hub", ...chaos.nodes]) {
    if (chaos.disk(name) === undefined) continue
    const disk = join(directory, name)
    cpSync(disk, `${disk}.kept`, { recursive: true, filter: (path) => !statSync(path).isSocket() })
  }
}
