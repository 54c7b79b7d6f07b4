import { join } from "node:path"
import type { RecordingMode } from "../../src/domain/RecordingMode.ts"
import type { Random } from "./Random.ts"
import { bursts } from "./workloads/bursts.ts"
import { pipedInput } from "./workloads/pipedInput.ts"
import { stubborn } from "./workloads/stubborn.ts"
import { typedShell } from "./workloads/typedShell.ts"
import type { Traces, Workload } from "./workloads/Workload.ts"

/** With what a user comes: `msh ssh`, `ssh` through `msh proxy`, or `ssh -J`. */
export const clients = ["msh", "proxy", "jump"] as const
export type Client = (typeof clients)[number]

/** A session that a trial is going to have. */
export interface SessionPlan extends Traces {
  /** What decides about its node too: see `nodeOf`. */
  readonly mode: RecordingMode
  readonly client: Client
  readonly terminal: boolean
  readonly workload: Workload
  /** In milliseconds since the trial's first session. */
  readonly startsAtMs: number
}

export interface PlanOptions {
  readonly sessions: number
  readonly modes: ReadonlyArray<RecordingMode>
  /** Where sessions leave their traces. */
  readonly directory: string
  /** Within how many milliseconds they begin. */
  readonly withinMs: number
}

/** What a login shell is told apart by is its node: there is one on each. */
const workloadOf = (random: Random, traces: Traces, terminal: boolean, isShell: boolean): Workload => {
  if (isShell) return typedShell(random, traces, { terminal, ahead: random.chance(0.4) })
  const others = terminal ? [bursts, bursts, stubborn] : [bursts, bursts, pipedInput, pipedInput, stubborn]
  switch (random.pick(others)) {
    case bursts:
      return bursts(random, traces, { terminal })
    case pipedInput:
      return pipedInput(random, traces)
    default:
      return stubborn(traces)
  }
}

/** The sessions of a trial, spread over the modes; the first of each mode is a login shell. */
export const planSessions = (random: Random, options: PlanOptions): ReadonlyArray<SessionPlan> =>
  Array.from({ length: options.sessions }, (_, index) => {
    const mode = options.modes[index % options.modes.length] ?? "node-sync"
    const key = `s${index + 1}x${random.integer(0x1000, 0xffff).toString(16)}`
    const traces = {
      key,
      pidFile: join(options.directory, `${key}.pid`),
      markFile: join(options.directory, `${key}.marks`),
    }
    const terminal = random.chance(0.5)
    return {
      ...traces,
      mode,
      terminal,
      client: random.pick(clients),
      workload: workloadOf(random, traces, terminal, index < options.modes.length),
      startsAtMs: random.integer(0, options.withinMs),
    }
  })
