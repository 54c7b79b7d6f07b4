import type { RecordingMode } from "../../src/domain/RecordingMode.ts"
import type { Variables } from "../e2e/support/Program.ts"
import type { Fault, FaultKind } from "./Fault.ts"
import { nodeOf } from "./nodeOf.ts"
import { Random } from "./Random.ts"
import { planSessions, type SessionPlan } from "./SessionPlan.ts"
import { schedule } from "./schedule.ts"

export interface TrialOptions {
  readonly seed: number
  readonly kinds: ReadonlyArray<FaultKind>
  readonly modes: ReadonlyArray<RecordingMode>
  readonly sessions: number
  readonly mostFaults: number
  /** Each fault lasts from before the first session until after the last. */
  readonly whole: boolean
}

/** All that a seed decides about a trial. */
export interface TrialPlan {
  readonly sessions: ReadonlyArray<SessionPlan>
  readonly faults: ReadonlyArray<Fault>
  readonly hub: Variables
  readonly agents: Variables
  /** In hex, where the hub encrypts recordings. */
  readonly masterKey: string | undefined
}

/** Sessions begin within this time, and come to their end after the other, since all are under way. */
const beginWithinMs = 1_500
export const windowMs = 4_500

/** `traces`: where sessions leave their traces. */
export const planTrial = (options: TrialOptions, traces: string): TrialPlan => {
  const random = new Random(options.seed)
  const settings = random.fork("settings")
  const masterKey = settings.chance(0.5) ? settings.integer(0, 255).toString(16).padStart(2, "0").repeat(32) : undefined
  const faults = schedule(random.fork("faults"), { ...options, nodes: options.modes.map(nodeOf), windowMs })
  return {
    sessions: planSessions(random.fork("sessions"), { ...options, directory: traces, withinMs: beginWithinMs }),
    faults: options.whole
      ? faults.map((fault) => ({ ...fault, atMs: 0, early: true, forMs: Number.POSITIVE_INFINITY }))
      : faults,
    hub: {
      MEZITE_RECORDING_ORPHAN_AFTER: settings.pick(["1s", "3s", "30s"]),
      ...(masterKey === undefined ? {} : { MEZITE_RECORDING_ENC_KEY: masterKey }),
    },
    agents: { MEZITE_RECORDING_ACK_TIMEOUT: "2s" },
    masterKey,
  }
}
