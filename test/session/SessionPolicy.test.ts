import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import type { RecordingMode } from "../../src/domain/RecordingMode.ts"
import type { Action } from "../../src/session/Action.ts"
import * as Policy from "../../src/session/SessionPolicy.ts"
import { breathe } from "./support/breathe.ts"
import {
  type Decided,
  isRecord as isRecorded,
  type Move,
  type Ran,
  runTrial,
  type Trial,
  trials,
} from "./support/PolicyTrial.ts"

/** PROPERTY_RUNS says how many. */
const numRuns = Number(process.env.PROPERTY_RUNS ?? 150)
const modes = FastCheck.constantFrom<RecordingMode>("node-sync", "node", "off")
let trialsRun = 0
const law = (name: string, mode: FastCheck.Arbitrary<RecordingMode>, holds: (ran: Ran, trial: Trial) => void) =>
  it(
    name,
    () =>
      FastCheck.assert(
        FastCheck.asyncProperty(trials(mode), async (trial) => {
          trialsRun += 1
          if (trialsRun % 50 === 0) await breathe()
          holds(runTrial(trial), trial)
        }),
        { numRuns },
      ),
    60_000 + numRuns * 20,
  )

/** A run of things said as text, so that pieces don't matter: two neighbours of the same kind are one. */
const spell = (things: ReadonlyArray<readonly [kind: string, bytes: Uint8Array]>): string => {
  let text = ""
  let last = ""
  for (const [kind, bytes] of things) {
    if (bytes.length === 0) continue
    if (kind !== last) text += `\n${kind} `
    text += Buffer.from(bytes).toString("latin1")
    last = kind
  }
  return text
}
const actionThing = (action: Action): readonly [string, Uint8Array] => {
  if (action._tag === "Type") return [action.echoed ? "type" : "hidden", action.bytes]
  return [action._tag, Buffer.from(JSON.stringify(action))]
}
const shownThing = ({ stream, bytes }: Policy.Shown): readonly [string, Uint8Array] => [stream, bytes]

const wasDone = (decided: ReadonlyArray<Decided>) =>
  decided.flatMap(({ decision }) => (decision._tag === "Do" ? [actionThing(decision.action)] : []))
const wasShown = (decided: ReadonlyArray<Decided>) =>
  decided.flatMap(({ decision }) => (decision._tag === "Show" ? [shownThing(decision.shown)] : []))
const meant = (moves: ReadonlyArray<Move>) => moves.flatMap((m) => (m._tag === "User" ? [actionThing(m.action)] : []))
const written = (moves: ReadonlyArray<Move>) => moves.flatMap((m) => (m._tag === "Output" ? [shownThing(m.shown)] : []))

const hasControl = (bytes: Uint8Array) => [...bytes].some((byte) => byte < 32 || byte === 127)
const acts = (action: Action) =>
  action._tag === "Signal" || action._tag === "EndInput" || (action._tag === "Type" && hasControl(action.bytes))
/** What the frames of an action take of the window, at most. */
const needed = (action: Action) =>
  action._tag === "Type" ? action.bytes.length + 32 * (1 + Math.ceil(action.bytes.length / 32_000)) : 32
const payload = ({ decision }: Decided): number => {
  if (decision._tag === "RecordShown") return decision.shown.bytes.length
  if (decision._tag === "RecordObserved") return decision.observed.payload.length
  return decision._tag === "RecordAction" && decision.action._tag === "Type" ? decision.action.bytes.length : 0
}
const isRecord = ({ decision }: Decided) => isRecorded(decision)

describe("SessionPolicy", () => {
  law("loses, doubles and reorders nothing that is shown or done, in any mode", modes, ({ decided, moves, final }) => {
    expect(spell(wasDone(decided))).toBe(spell(meant(moves)))
    expect(spell(wasShown(decided))).toBe(spell(written(moves)))
    expect(Policy.wants(final)).toEqual({ output: true, actions: true })
  })

  law(
    "records all that is shown and done before it is, in that order, and nothing else",
    FastCheck.constantFrom<RecordingMode>("node-sync", "node"),
    ({ decided }) => {
      const shown: Array<Policy.Shown> = []
      const actions: Array<Action> = []
      for (const { decision } of decided) {
        if (decision._tag === "RecordShown") shown.push(decision.shown)
        else if (decision._tag === "RecordAction") actions.push(decision.action)
        else if (decision._tag === "Show") expect(shown.shift()).toBe(decision.shown)
        else if (decision._tag === "Do" && decision.action._tag !== "EndInput")
          expect(actions.shift()).toBe(decision.action)
      }
      expect([shown.length, actions.length]).toEqual([0, 0])
    },
  )

  law(
    "records all that is observed, in its order",
    FastCheck.constantFrom<RecordingMode>("node-sync", "node"),
    ({ decided, moves }) => {
      const recorded = decided.flatMap(({ decision }) =>
        decision._tag === "RecordObserved" ? [decision.observed] : [],
      )
      expect(recorded).toEqual(moves.flatMap((move) => (move._tag === "Observed" ? [move.observed] : [])))
    },
  )

  law(
    "never lets more than the window be recorded and not durable",
    FastCheck.constant("node-sync"),
    ({ decided }, { window }) => {
      const sizes = decided.filter(isRecord).map(payload)
      const sum = (from: number, to: number) => sizes.slice(from, to).reduce((all, one) => all + one, 0)
      for (const each of decided.filter(isRecord)) {
        expect(sum(each.durable, each.recorded)).toBeLessThanOrEqual(window)
        expect(each.recorded - each.durable).toBeLessThanOrEqual(window / 32)
        expect(payload(each)).toBeLessThanOrEqual(32 * 1024)
      }
    },
  )

  law("does what can act only once it, and all before it, is durable", FastCheck.constant("node-sync"), (ran) => {
    const frames: Array<Action | undefined> = []
    let ended = 0
    for (const { decision, durable, recorded } of ran.decided) {
      if (decision._tag === "RecordShown" || decision._tag === "RecordObserved") frames.push(undefined)
      if (decision._tag === "RecordAction") frames.push(decision.action)
      if (decision._tag !== "Do" || !acts(decision.action)) continue
      const own = decision.action._tag === "EndInput" ? ended : frames.indexOf(decision.action) + 1
      if (decision.action._tag === "EndInput") ended = recorded
      expect(durable).toBeGreaterThanOrEqual(own)
    }
  })

  law(
    "holds the end of input until all that was typed before is durable",
    FastCheck.constant("node-sync"),
    ({ decided }) => {
      const typed = decided.filter(({ decision }) => decision._tag === "RecordAction").at(-1)
      const end = decided.find(({ decision }) => decision._tag === "Do" && decision.action._tag === "EndInput")
      if (typed !== undefined && end !== undefined) expect(end.durable).toBeGreaterThanOrEqual(typed.recorded)
    },
  )

  law("lets printable typing pass at once when nothing is held", FastCheck.constant("node-sync"), (_, trial) => {
    let state = Policy.initial(trial)
    let recorded = 0
    for (const move of trial.moves) {
      const seq = move._tag === "Ack" ? Math.round(move.share * recorded) : 0
      const idle = state.uncommitted.size === 0 && Policy.wants(state).actions
      const [next, decisions] = Policy.step(state, move._tag === "Ack" ? { _tag: "Durable", seq } : move)
      recorded += decisions.filter(({ _tag }) => _tag.startsWith("Record")).length
      const room = trial.window - state.outstandingBytes
      if (move._tag === "User" && idle && !acts(move.action) && needed(move.action) <= room) {
        const done = decisions.flatMap((each) => (each._tag === "Do" ? [actionThing(each.action)] : []))
        expect(spell(done)).toBe(spell([actionThing(move.action)]))
      }
      state = next
    }
  })

  law(
    "waits for nothing in the modes node and off",
    FastCheck.constantFrom<RecordingMode>("node", "off"),
    ({ decided, moves }) => {
      moves.forEach((move, at) => {
        const now = decided.filter((each) => each.at === at)
        expect(spell(wasDone(now))).toBe(spell(meant([move])))
        expect(spell(wasShown(now))).toBe(spell(written([move])))
      })
    },
  )

  law("records nothing in the mode off", FastCheck.constant("off"), ({ decided, final }) => {
    expect(decided.some(isRecord)).toBe(false)
    expect(final.seq).toBe(0)
  })

  law("masks what the terminal does not show, unless secrets are wanted", modes, ({ decided }, { recordSecrets }) => {
    for (const { decision } of decided) {
      if (decision._tag !== "RecordAction") continue
      const hidden = decision.action._tag === "Type" && !decision.action.echoed
      expect(decision.masked).toBe(hidden && !recordSecrets)
    }
  })

  it("shows output while an Enter waits, and does the Enter before what is typed after it", () => {
    const start = Policy.initial({ mode: "node-sync", window: 65_536, recordSecrets: false })
    const bytes = (text: string) => Buffer.from(text)
    const type = (text: string): Policy.SessionEvent => ({
      _tag: "User",
      action: { _tag: "Type", bytes: bytes(text), echoed: true, isTyped: false },
    })
    const tags = (decisions: ReadonlyArray<Policy.Decision>) => decisions.map(({ _tag }) => _tag)
    const [s1, d1] = Policy.step(start, type("ls\r"))
    const [s2, d2] = Policy.step(s1, { _tag: "Output", shown: { stream: "output", bytes: bytes("x") } })
    const [s3, d3] = Policy.step(s2, type("y"))
    expect([tags(d1), tags(d2), tags(d3)]).toEqual([["RecordAction"], ["RecordShown", "Show"], ["RecordAction"]])
    const [s4, d4] = Policy.step(s3, { _tag: "Durable", seq: 0 })
    expect(d4).toEqual([])
    const [s5, d5] = Policy.step(s4, { _tag: "Durable", seq: 1 })
    expect(spell(d5.flatMap((each) => (each._tag === "Do" ? [actionThing(each.action)] : [])))).toBe("\ntype ls\ry")
    expect(s5.outstandingBytes).toBe(2 + 2 * 32)
  })
})
