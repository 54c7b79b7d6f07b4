import { expect, it } from "@effect/vitest"
import { Exit, FastCheck } from "effect"
import { FrameKind } from "../../src/domain/Frame.ts"
import { decodeGap } from "../../src/recording/index.ts"
import type { RecordedFrame } from "../../src/session/SessionRecorder.ts"
import { breathe } from "./support/breathe.ts"
import {
  contentOf,
  type Happened,
  isGap,
  type Outcome,
  runSessionTrial,
  windowBytes,
} from "./support/runSessionTrial.ts"
import { type Trial, trials } from "./support/SessionTrial.ts"

// What the modes promise, for whole sessions in a world in which anything may fail at any moment: the program, the user, the
// disk, the hub, the agent and its machine take turns in any order. PROPERTY_RUNS says how many worlds are tried.

const isLive = ({ trial }: Outcome) => trial.mode === "node-sync"
const isRecorded = ({ trial }: Outcome) => trial.mode !== "off"
const acts = ({ what, bytes }: Happened) =>
  what === "signal" || what === "input ended" || (what === "typed" && bytes.some((byte) => byte < 32 || byte === 127))

const outputOf = (recorded: ReadonlyArray<RecordedFrame>) =>
  recorded
    .filter(({ frame }) => frame.kind === FrameKind.Output || frame.kind === FrameKind.Stderr)
    .map((one) => ({ seq: one.frame.seq, text: contentOf(one) }))
const shownAs = ({ bytes }: Happened) => ` false ${bytes.length} ${Buffer.from(bytes).toString("latin1")}`

/** The number of the frame that records each thing that was done, in the order of its kind. */
const framesOfActions = ({ happened, recorded }: Outcome): ReadonlyArray<readonly [Happened, number]> => {
  const kinds: Partial<Record<Happened["what"], FrameKind>> = {
    typed: FrameKind.Input,
    signal: FrameKind.Signal,
    resize: FrameKind.Resize,
  }
  const waiting = new Map(
    Object.values(kinds).map((kind) => [kind, recorded.filter(({ frame }) => frame.kind === kind)] as const),
  )
  const inputs = [...(waiting.get(FrameKind.Input) ?? [])]
  return happened.flatMap((one) => {
    if (one.what === "shown") return []
    if (one.what === "input ended") return [[one, inputs.at(-1)?.frame.seq ?? 0] as const]
    const kind = kinds[one.what]
    return [[one, (kind === undefined ? undefined : waiting.get(kind)?.shift())?.frame.seq ?? Number.NaN] as const]
  })
}

/** Laws by their names; each looks at one world that has come to its end. */
const laws: Readonly<Record<string, (outcome: Outcome) => void>> = {
  "(i) what is seen or done was recorded before, once, and in its order": (outcome) => {
    if (!isRecorded(outcome)) {
      expect(outcome.recorded).toEqual([])
      return
    }
    const output = outputOf(outcome.recorded)
    const shown = outcome.happened.filter(({ what }) => what === "shown")
    for (const [index, one] of shown.entries()) {
      expect(output[index]?.text.endsWith(shownAs(one))).toBe(true)
      expect(one.recorded).toBeGreaterThanOrEqual(output[index]?.seq ?? Number.NaN)
    }
    for (const [one, seq] of framesOfActions(outcome)) expect(one.recorded).toBeGreaterThanOrEqual(seq)
  },

  "(i) what is stored in the end is what was recorded, from its first frame on, and each gap is told": (outcome) => {
    const { stored, recorded } = outcome
    if (stored === undefined || !isRecorded(outcome)) return
    const gaps = stored.frames.filter(isGap)
    expect(stored.frames.map(({ seq }) => seq)).toEqual(stored.frames.map((_, index) => index + 1))
    expect(stored.end.frames).toBe(stored.frames.length)
    expect(stored.end.status === "truncated").toBe(gaps.length > 0)
    if (gaps.length > 0) expect(outcome.diskFailed).toBe(true)
    let at = 0
    for (const frame of stored.frames) {
      const missing = isGap(frame) ? decodeGap(frame.payload).frames : 0
      if (!isGap(frame)) expect(contentOf({ frame })).toBe(contentOf(recorded[at] as RecordedFrame))
      else expect(missing > 0 || frame === stored.frames.at(-1)).toBe(true)
      at += isGap(frame) ? missing : 1
    }
    // Where the agent lived to its session's end, nothing is missing but what gaps tell, to the frame.
    if (!outcome.died) expect(at).toBe(recorded.length)
    // Where only its process died, all that was seen and done by then is there, or a gap is told.
    const seen = Math.max(0, ...outcome.happened.map((one) => one.recorded))
    if (outcome.died && !outcome.powerFailed && gaps.length === 0) expect(at).toBeGreaterThanOrEqual(seen)
  },

  "(i) whatever was acknowledged is stored, and so is whatever acted in node-sync, whoever dies": (outcome) => {
    if (!isLive(outcome) || outcome.stored === undefined) return
    const kept = outcome.stored.frames.filter((frame) => !isGap(frame)).length
    expect(kept).toBeGreaterThanOrEqual(outcome.acknowledged)
    for (const [one, seq] of framesOfActions(outcome)) if (acts(one)) expect(kept).toBeGreaterThanOrEqual(seq)
  },

  "(ii) what can make a program act reaches it once it, and all before it, is durable at the hub": (outcome) => {
    if (!isLive(outcome)) return
    for (const [one, seq] of framesOfActions(outcome)) if (acts(one)) expect(one.durable).toBeGreaterThanOrEqual(seq)
  },

  "(iii) never more runs ahead of the hub than the window": (outcome) => {
    if (isLive(outcome)) expect(outcome.aheadBytes).toBeLessThanOrEqual(windowBytes)
  },

  "(iv) nothing is shown or done after a failure that the mode does not outlive, and its user learns of it": (
    outcome,
  ) => {
    if (outcome.doomedAt === undefined || outcome.died) return
    expect(outcome.happened.length).toBe(outcome.doomedAt)
    expect([outcome.exit !== undefined, outcome.terminalClosed]).toEqual([true, true])
    if (outcome.endedBefore === undefined && outcome.exit !== undefined) expect(Exit.isFailure(outcome.exit)).toBe(true)
  },

  "(iv) a hub that fails is nothing to a session in node or off, nor a disk to one that goes on": (outcome) => {
    if (isLive(outcome) || outcome.doomedAt !== undefined || outcome.died) return
    const ends = outcome.trial.moves.some(({ _tag }) => _tag in endings)
    if (!ends) expect(outcome.exit).toBeUndefined()
  },

  "however it ends, its terminal is closed with it": ({ exit, terminalClosed }) => {
    if (exit !== undefined) expect(terminalClosed).toBe(true)
  },
}

const endings = { ProgramEnds: true, ClientLeaves: true, IsTerminated: true }

/** What must have been tried, for a law that holds says nothing where it never comes into play. */
const situations: Readonly<Record<string, (outcome: Outcome) => boolean>> = {
  "node-sync, something acted": (outcome) => isLive(outcome) && outcome.happened.some(acts),
  "node-sync, hub lost in the midst": (outcome) => isLive(outcome) && has(outcome, "HubRestarts", "HubBreaks"),
  "node-sync, agent killed": (outcome) => isLive(outcome) && outcome.died && !outcome.powerFailed,
  "node-sync, power failed": (outcome) => isLive(outcome) && outcome.powerFailed,
  "node-sync, disk full": (outcome) => isLive(outcome) && outcome.diskFailed,
  "node, agent killed": (outcome) => outcome.trial.mode === "node" && outcome.died,
  "node, disk full, session ends": (outcome) => outcome.trial.mode === "node" && outcome.doomedAt !== undefined,
  "node, disk full, session goes on with a gap": (outcome) =>
    outcome.trial.mode === "node" && outcome.doomedAt === undefined && (outcome.stored?.frames.some(isGap) ?? false),
  "off, something acted": (outcome) => outcome.trial.mode === "off" && outcome.happened.some(acts),
}

const has = ({ trial }: Outcome, ...tags: ReadonlyArray<string>) => trial.moves.some(({ _tag }) => tags.includes(_tag))

const numRuns = Number(process.env.PROPERTY_RUNS ?? 250)

const words = (length: number) => ({ length, start: 0, key: undefined })

/** A disk that fails when all is durable, and takes bytes again after something was lost: its gap comes after what is there. */
const nothingOutstanding: Trial = {
  mode: "node",
  onLocalFailure: "continue",
  moves: [
    { _tag: "Types", text: words(4), echoes: true },
    { _tag: "Syncs" },
    { _tag: "DiskFails" },
    { _tag: "Prints", text: words(21), stream: "output" },
    { _tag: "DiskMends" },
    { _tag: "ProgramEnds" },
  ],
}

it(
  `the laws of the modes hold in ${numRuns} worlds`,
  async () => {
    const met = new Map(Object.keys(situations).map((name) => [name, 0]))
    let worlds = 0
    const holds = async (trial: Trial) => {
      worlds += 1
      if (worlds % 50 === 0) await breathe()
      const outcome = runSessionTrial(trial)
      for (const [name, is] of Object.entries(situations)) if (is(outcome)) met.set(name, (met.get(name) ?? 0) + 1)
      for (const [name, law] of Object.entries(laws)) {
        try {
          law(outcome)
        } catch (error) {
          throw new Error(`${name}: ${(error as Error).message}`)
        }
      }
    }
    await FastCheck.assert(FastCheck.asyncProperty(trials, holds), { numRuns, examples: [[nothingOutstanding]] })
    if (numRuns >= 10_000) console.log([...met].map(([name, count]) => `${count} × ${name}`).join("\n"))
    for (const [name, count] of met) expect([name, count > numRuns / 200]).toEqual([name, true])
  },
  60_000 + numRuns * 150,
)
