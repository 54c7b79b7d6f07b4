import type { ChaosSession } from "./ChaosSession.ts"
import { commandLine, processesOf } from "./sessionProcesses.ts"
import { within } from "./within.ts"

const goneWithinMs = 15_000

/** The processes of a session that stay though it is over, each in a line; they are ended then. */
export const leftProcesses = async ({ shell, plan, leavesDaemons }: ChaosSession): Promise<ReadonlyArray<string>> => {
  if (shell === undefined) return []
  const what = `the processes of ${plan.key} (${plan.mode}, ${plan.workload.name}) are gone`
  const found = leavesDaemons ? [] : await within(what, goneWithinMs, () => processesOf(shell).length === 0)
  const left = processesOf(shell).map(({ pid }) => ({ pid, words: commandLine(pid) }))
  for (const { pid } of left) process.kill(pid, "SIGKILL")
  return found.length === 0 ? [] : [...found, ...left.map(({ pid, words }) => `  ${pid}: ${words}`)]
}
