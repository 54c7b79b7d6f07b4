import { until } from "../e2e/support/until.ts"
import type { ChaosCluster } from "./ChaosCluster.ts"
import type { ChaosSession } from "./ChaosSession.ts"
import { clockStep, type Fault, isTolerated } from "./Fault.ts"
import { leftProcesses } from "./leftProcesses.ts"
import { within } from "./within.ts"

/** Longer than it takes to find out that a peer has vanished. */
const clientsWithinMs = 100_000
/** Longer than an agent waits before it tries again. */
const spoolsWithinMs = 100_000
const helpersWithinMs = 15_000

/**
 * Everything runs and serves again; a clock that is wrong by no more than is tolerated stays so. One that went ahead by
 * more is caught up with by all: a session of tomorrow waits till then.
 */
export const bringBack = async (chaos: ChaosCluster, faults: ReadonlyArray<Fault>): Promise<void> => {
  const names = ["hub", ...chaos.nodes]
  for (const name of [...chaos.nodes, "users"]) chaos.relay(name).healNew()
  for (const name of names) chaos.disk(name)?.free()
  const wentAhead = faults.filter((fault) => fault.kind === "clock-agent" && !isTolerated(fault)).map(clockStep)
  for (const name of names) chaos.clock(name)?.advance(Math.max(0, ...wentAhead))
  for (const name of names) chaos.program(name).kill("SIGCONT")
  await chaos.start("hub")
  await Promise.all(chaos.nodes.map((node) => chaos.start(node)))
}

/** Puts all clocks right, for users to look at what there is: theirs are. */
export const putClocksRight = async (chaos: ChaosCluster): Promise<void> => {
  for (const name of ["hub", ...chaos.nodes]) chaos.clock(name)?.step(0)
  await until("the hub knows what time it is", async () => (await chaos.cluster.msh("sessions", "ls")).code === 0)
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
      within(`what the client of ${session.plan.key} started ends`, helpersWithinMs, () => session.closed),
    ),
  )
  const spools = await within("the spools are empty", spoolsWithinMs, () => chaos.spooled.length === 0)
  const ended = await within("all sessions have ended", spoolsWithinMs, async () =>
    (await chaos.cluster.sessions()).every(({ ended_at: endedAt }) => endedAt !== null),
  )
  const left = await Promise.all(sessions.map(leftProcesses))
  return [...clients.flat(), ...helpers.flat(), ...spools, ...ended, ...left.flat()]
}
