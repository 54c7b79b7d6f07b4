import type { Fault, FaultKind } from "./Fault.ts"
import type { Random } from "./Random.ts"

export interface ScheduleOptions {
  readonly kinds: ReadonlyArray<FaultKind>
  readonly nodes: ReadonlyArray<string>
  /** How long sessions run, in milliseconds. */
  readonly windowMs: number
  readonly mostFaults: number
}

/** Shorter and longer than the hub may be silent (2 s) and an agent away. */
const longestMs = 5_000

/** Of the faults, those that strike while sessions begin. */
const earlyShare = 0.25

const targetOf = (kind: FaultKind, nodes: ReadonlyArray<string>, random: Random): string => {
  if (kind.endsWith("-hub")) return "hub"
  if (kind === "kill-shell" || kind === "kill-client") return "session"
  const isNetwork = !kind.endsWith("-agent") && kind !== "cut-recordings"
  return isNetwork && random.chance(0.3) ? "users" : random.pick(nodes)
}

/** The faults of a trial. */
export const schedule = (
  random: Random,
  { kinds, nodes, windowMs, mostFaults }: ScheduleOptions,
): ReadonlyArray<Fault> =>
  Array.from({ length: random.integer(1, mostFaults) }, () => {
    const kind = random.pick(kinds)
    return {
      kind,
      target: targetOf(kind, nodes, random),
      early: random.chance(earlyShare),
      atMs: random.integer(0, windowMs),
      forMs: random.integer(50, longestMs),
      draw: random.next(),
    }
  })
