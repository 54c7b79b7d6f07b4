import { expect, it } from "vitest"
import { runChaos } from "../chaos/runChaos.ts"

const usual = { modes: ["node-sync", "node", "off"], sessions: 3, mostFaults: 1, whole: false, keep: false } as const

it.each([
  ["kill-hub", 11],
  ["kill-agent", 12],
] as const)(
  "sessions are all accounted for after %s",
  async (kind, seed) => {
    const said: Array<string> = []
    const report = await runChaos({ ...usual, trials: 1, seed, kinds: [kind] }, (line) => said.push(line))
    expect(said.join("\n")).toMatch(/^trial \d+: 3 sessions, [1-9]\d* bytes shown: all accounted for /)
    expect(report).toMatchObject({ failed: 0, lost: 0 })
    expect(report.text).toMatch(/\n1 trials, 0 failed; 3 sessions, 0 bytes lost$/)
  },
  150_000,
)
