import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { allModes, type ChaosOptions } from "./ChaosOptions.ts"
import { ChaosReport } from "./ChaosReport.ts"
import { FakeClock } from "./FakeClock.ts"
import { describeFault, type FaultKind, faultKinds } from "./Fault.ts"
import { runTrial, type TrialResult } from "./runTrial.ts"
import { SmallDisk } from "./SmallDisk.ts"

type Say = (line: string) => void

/** The faults that this machine allows. */
const possibleKinds = (kinds: ReadonlyArray<FaultKind>, say: Say): ReadonlyArray<FaultKind> => {
  const needs = (prefix: string, possible: () => boolean, why: string) => {
    if (!kinds.some((kind) => kind.startsWith(prefix)) || possible()) return ""
    say(`skipped: ${prefix}*, for ${why}`)
    return prefix
  }
  const skipped = [
    needs("disk-", SmallDisk.possible, "this process may not mount a tmpfs"),
    needs("clock-", FakeClock.possible, "there is no libfaketime here (apt-get install libfaketime)"),
  ].filter((prefix) => prefix !== "")
  return kinds.filter((kind) => !skipped.some((prefix) => kind.startsWith(prefix)))
}

/** A list for the command line, where it is not the usual one. */
const unlessAll = (option: string, chosen: ReadonlyArray<string>, all: ReadonlyArray<string>): string =>
  chosen.length === all.length ? "" : ` --${option} ${chosen.join(",")}`

const repeat = ({ kinds, modes, sessions, mostFaults, whole }: ChaosOptions, seed: number): string =>
  [
    `npm run chaos -- --trials 1 --seed ${seed} --sessions ${sessions} --most-faults ${mostFaults}`,
    unlessAll("faults", kinds, faultKinds),
    unlessAll("modes", modes, allModes),
    whole ? " --whole" : "",
  ].join("")

const tell = (say: Say, seed: number, { faults, sessions, findings }: TrialResult, startedAt: number): void => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const shown = sessions.reduce((sum, { account }) => sum + account.shown, 0)
  const verdict = findings.length === 0 ? "all accounted for" : "FAILED"
  say(`trial ${seed}: ${sessions.length} sessions, ${shown} bytes shown: ${verdict} (${seconds} s)`)
  for (const fault of faults) say(`    ${describeFault(fault)}`)
  for (const finding of findings) say(`  ! ${finding}`)
}

/** Runs trials one after the other, telling each as it is over. */
export const runChaos = async (given: ChaosOptions, say: Say): Promise<ChaosReport> => {
  const options = { ...given, kinds: possibleKinds(given.kinds, say) }
  const report = new ChaosReport()
  if (options.kinds.length === 0) return report
  for (let seed = options.seed; seed < options.seed + options.trials; seed++) {
    const directory = mkdtempSync(join(tmpdir(), `mezite-chaos-${seed}-`))
    const startedAt = performance.now()
    const result = await runTrial({ ...options, seed, directory })
    report.add(result)
    tell(say, seed, result, startedAt)
    const failed = result.findings.length > 0
    if (failed) say(`  repeat it: ${repeat(given, seed)}`)
    if (failed || options.keep) say(`  what it left: ${directory}`)
    else rmSync(directory, { recursive: true, force: true })
  }
  return report
}
