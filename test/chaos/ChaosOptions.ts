import { parseArgs } from "node:util"
import type { RecordingMode } from "../../src/domain/RecordingMode.ts"
import { type FaultKind, faultKinds } from "./Fault.ts"

export interface ChaosOptions {
  readonly trials: number
  /** Of the first trial; each further one has the next number. */
  readonly seed: number
  readonly kinds: ReadonlyArray<FaultKind>
  readonly modes: ReadonlyArray<RecordingMode>
  /** In each trial. */
  readonly sessions: number
  readonly mostFaults: number
  readonly whole: boolean
  readonly keep: boolean
}

export const allModes = ["node-sync", "node", "off"] as const

export const usage = `npm run chaos -- [OPTION...]

Runs sessions through a real hub and real agents while these break, and accounts for every byte.

  --trials N       how many trials (10)
  --seed S         what decides everything about the first trial; the next has S+1 (a random one)
  --faults A,B     only these: ${faultKinds.join(", ")}
  --most-faults N  of each trial (3)
  --whole          each fault lasts for the whole of the sessions
  --modes A,B      only these: ${allModes.join(", ")}
  --sessions N     of each trial (6)
  --keep           keep what a trial left also where nothing is wrong

Exits with 0 where nothing was lost.
`

/** What is wrong with the words that were given. */
export class WrongOption extends Error {}

const number = (text: string, name: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new WrongOption(`--${name} takes a number, not "${text}"`)
  return Number(text)
}

const list = <A extends string>(text: string, name: string, known: ReadonlyArray<A>): ReadonlyArray<A> =>
  text.split(",").map((word) => {
    const found = known.find((one) => one === word)
    if (found === undefined) throw new WrongOption(`--${name}: there is no "${word}"; there are ${known.join(", ")}`)
    return found
  })

/** Reads the command line; undefined where help is wanted. Throws `WrongOption`. */
export const chaosOptions = (words: ReadonlyArray<string>, randomSeed: number): ChaosOptions | undefined => {
  const { values } = parse(words)
  if (values.help) return undefined
  return {
    trials: number(values.trials, "trials"),
    seed: values.seed === undefined ? randomSeed : number(values.seed, "seed"),
    kinds: values.faults === undefined ? faultKinds : list(values.faults, "faults", faultKinds),
    modes: list(values.modes, "modes", allModes),
    sessions: number(values.sessions, "sessions"),
    mostFaults: Math.max(1, number(values["most-faults"], "most-faults")),
    whole: values.whole,
    keep: values.keep,
  }
}

const parse = (words: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: [...words],
      options: {
        trials: { type: "string", default: "10" },
        seed: { type: "string" },
        faults: { type: "string" },
        "most-faults": { type: "string", default: "3" },
        whole: { type: "boolean", default: false },
        modes: { type: "string", default: allModes.join(",") },
        sessions: { type: "string", default: "6" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    })
  } catch (error) {
    throw new WrongOption((error as Error).message)
  }
}
