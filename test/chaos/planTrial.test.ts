import { expect, it } from "vitest"
import { describeFault, faultKinds } from "./Fault.ts"
import { nodeOf } from "./nodeOf.ts"
import { planTrial, windowMs } from "./TrialPlan.ts"

const modes = ["node-sync", "node", "off"] as const

const plan = (seed: number) => {
  const options = { seed, kinds: faultKinds, modes, sessions: 6, mostFaults: 3, whole: false }
  const { sessions, faults, ...settings } = planTrial(options, "/traces")
  const told = sessions.map(({ workload, ...session }) => ({
    ...session,
    workload: workload.name,
    command: workload.command,
  }))
  return JSON.stringify({ told, faults, settings })
}

it("a seed decides everything about a trial", () => {
  for (let seed = 0; seed < 50; seed++) expect(plan(seed)).toBe(plan(seed))
  expect(new Set(Array.from({ length: 50 }, (_, seed) => plan(seed))).size).toBe(50)
})

it("trials have every kind of fault, each with a target and within the window", () => {
  const faults = Array.from({ length: 300 }, (_, seed) =>
    planTrial({ seed, kinds: faultKinds, modes, sessions: 3, mostFaults: 3, whole: false }, "/traces"),
  ).flatMap((one) => one.faults)
  expect(new Set(faults.map(({ kind }) => kind)).size).toBe(faultKinds.length)
  for (const fault of faults) {
    expect(fault.atMs).toBeLessThanOrEqual(windowMs)
    expect(["hub", "users", "session", ...modes.map(nodeOf)]).toContain(fault.target)
    expect(describeFault(fault)).toContain(fault.kind)
  }
})
