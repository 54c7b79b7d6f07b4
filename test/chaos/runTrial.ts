import { join } from "node:path"
import { Either } from "effect"
import { KeyRing, MasterKey } from "../../src/recording/index.ts"
import { accountCluster } from "./accountCluster.ts"
import { type Account, accountSession } from "./accountSession.ts"
import { ChaosCluster } from "./ChaosCluster.ts"
import type { SessionEvidence } from "./ChaosSession.ts"
import { Course } from "./Course.ts"
import type { Fault } from "./Fault.ts"
import { belongsTo, hubView, withRecording } from "./HubView.ts"
import { keepEvidence } from "./keepEvidence.ts"
import { bringBack, putClocksRight, settle } from "./settle.ts"
import { planTrial, type TrialOptions, type TrialPlan } from "./TrialPlan.ts"

/** A session of a trial, and what became of it. */
export interface TrialSession {
  readonly evidence: SessionEvidence
  readonly account: Account
}

export interface TrialResult {
  readonly faults: ReadonlyArray<Fault>
  readonly sessions: ReadonlyArray<TrialSession>
  /** What is wrong; none where nothing was lost, and nothing left behind. */
  readonly findings: ReadonlyArray<string>
}

const account = async (chaos: ChaosCluster, plan: TrialPlan, evidence: ReadonlyArray<SessionEvidence>) => {
  const view = await hubView(chaos.cluster)
  const keys =
    plan.masterKey === undefined ? {} : { keys: new KeyRing(Either.getOrThrow(MasterKey.fromHex(plan.masterKey))) }
  const sessions = evidence.map((one) => {
    const found = view.sessions
      .filter(belongsTo(one.plan))
      .map((session) => withRecording(chaos.cluster, session, keys))
    return { evidence: one, account: accountSession(one, found) }
  })
  const own = sessions.flatMap(({ evidence: { plan: of }, account: { findings } }) =>
    findings.map((finding) => `${of.key} (${of.mode}, ${of.client}, ${of.workload.name}): ${finding}`),
  )
  return { sessions, findings: [...own, ...(await accountCluster(chaos, view, plan.sessions))] }
}

/** Runs sessions through a plan's faults, brings everything back, and accounts for every session. */
const run = async (chaos: ChaosCluster, plan: TrialPlan): Promise<TrialResult> => {
  const course = new Course(chaos, plan)
  await course.run()
  await bringBack(chaos, plan.faults)
  const unsettled = await settle(chaos, course.sessions)
  await putClocksRight(chaos)
  const accounted = await account(
    chaos,
    plan,
    course.sessions.map(({ evidence }) => evidence),
  )
  return { faults: plan.faults, sessions: accounted.sessions, findings: [...unsettled, ...accounted.findings] }
}

/**
 * One trial, in an empty directory: a cluster of its own, sessions, faults, and the account. Keeps what there is to look at in
 * the directory where something is wrong, or `keep` says so.
 */
export const runTrial = async (
  options: TrialOptions & { readonly directory: string; readonly keep: boolean },
): Promise<TrialResult> => {
  const { directory } = options
  const plan = planTrial(options, join(directory, "traces"))
  const started = await ChaosCluster.start({
    directory,
    kinds: plan.faults.map(({ kind }) => kind),
    modes: options.modes,
    hub: plan.hub,
    agents: plan.agents,
  }).catch((error: unknown) => `the cluster did not start: ${error}`)
  return typeof started === "string"
    ? { faults: plan.faults, sessions: [], findings: [started] }
    : runOn(started, plan, options)
}

const runOn = async (
  chaos: ChaosCluster,
  plan: TrialPlan,
  { directory, keep }: { readonly directory: string; readonly keep: boolean },
): Promise<TrialResult> => {
  try {
    const result = await run(chaos, plan).catch((error: unknown) => ({
      faults: plan.faults,
      sessions: [],
      findings: [`the trial could not be brought to its end: ${error}`],
    }))
    await chaos.end()
    if (keep || result.findings.length > 0) keepEvidence(chaos, directory, result)
    return result
  } finally {
    await chaos.stop()
  }
}
