import { until } from "../e2e/support/until.ts"
import type { ChaosCluster } from "./ChaosCluster.ts"
import type { ChaosSession } from "./ChaosSession.ts"
import { clockStep, type Fault } from "./Fault.ts"
import { commandLine, processesOf } from "./sessionProcesses.ts"

/** Longer than it takes to find out that a peer has vanished. */
const clientsWithinMs = 100_000
/** Longer than an agent waits before it tries again. */
const spoolsWithinMs = 100_000
const processesWithinMs = 15_000

/** What does not come about is told, not thrown: the trial goes on to what it can still find out. */
const within = async (
  what: string,
  ms: number,
  look: () => boolean | Promise<boolean>,
): Promise<ReadonlyArray<string>> =>
  until(what, look, ms).then(
    () => [],
    (error: Error) => [error.message],
  )

/** Everything runs and serves again. Clocks that went ahead are caught up with by all: a session of tomorrow waits till then. */
export const bringBack = async (chaos: ChaosCluster, faults: ReadonlyArray<Fault>): Promise<void> => {
  const names = ["hub", ...chaos.nodes]
  for (const name of [...chaos.nodes, "users"]) chaos.relay(name).healNew()
  for (const name of names) chaos.disk(name)?.free()
  const ahead = Math.max(0, ...faults.filter(({ kind }) => kind === "clock-agent").map(clockStep))
  for (const name of names) chaos.clock(name)?.step(ahead)
  for (const name of names) chaos.program(name).kill("SIGCONT")
  await chaos.start("hub")
  await Promise.all(chaos.nodes.map((node) => chaos.start(node)))
}

/** Waits until nothing is under way any more; what still is after long enough is told. */
export const settle = async (
  chaos: ChaosCluster,
  sessions: ReadonlyArray<ChaosSession>,
): Promise<ReadonlyArray<string>> => {
  const clients = await Promise.all(
    sessions.map((session) =>
      within(`the client of ${session.plan.key} ends`, clientsWithinMs, () => !session.running),
    ),
  )
  for (const session of sessions) session.kill()
  const helpers = await Promise.all(
    sessions.map((session) =>
      within(`what the client of ${session.plan.key} started ends`, processesWithinMs, () => session.closed),
    ),
  )
  const spools = await within("the spools are empty", spoolsWithinMs, () => chaos.spooled.length === 0)
  const ended = await within("all sessions have ended", spoolsWithinMs, async () =>
    (await chaos.cluster.sessions()).every(({ ended_at: endedAt }) => endedAt !== null),
  )
  const left = await Promise.all(
    sessions.map(({ shell, plan }) =>
      within(`the processes of ${plan.key} (${plan.mode}, ${plan.workload.name}) are gone`, processesWithinMs, () => {
        return shell === undefined || processesOf(shell).length === 0
      }).then((found) => [
        ...found,
        ...found.flatMap(() => processesOf(shell ?? 0).map(({ pid }) => `  ${pid}: ${commandLine(pid)}`)),
      ]),
    ),
  )
  return [...clients.flat(), ...helpers.flat(), ...spools, ...ended, ...left.flat()]
}
