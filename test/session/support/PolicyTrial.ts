import { FastCheck } from "effect"
import { FrameKind } from "../../../src/domain/Frame.ts"
import type { RecordingMode } from "../../../src/domain/RecordingMode.ts"
import type { Action, RecordedAction } from "../../../src/session/Action.ts"
import type { Observed } from "../../../src/session/Observation.ts"
import * as Policy from "../../../src/session/SessionPolicy.ts"

/** What the world does; `Ack` tells of a share of what is recorded by then, and so may also be late or tell nothing new. */
export type Move =
  | { readonly _tag: "Output"; readonly shown: Policy.Shown }
  | { readonly _tag: "User"; readonly action: Action }
  | { readonly _tag: "Observed"; readonly observed: Observed }
  | { readonly _tag: "Ack"; readonly share: number }

export interface Trial {
  readonly mode: RecordingMode
  readonly window: number
  readonly recordSecrets: boolean
  readonly moves: ReadonlyArray<Move>
}

const size = FastCheck.oneof(
  { weight: 6, arbitrary: FastCheck.integer({ min: 0, max: 40 }) },
  { weight: 2, arbitrary: FastCheck.integer({ min: 1000, max: 33_000 }) },
  { weight: 1, arbitrary: FastCheck.integer({ min: 33_000, max: 200_000 }) },
)

/** Every byte's value depends on where it is, so that what is lost, doubled or swapped is seen. */
const filled = FastCheck.tuple(size, FastCheck.nat(94)).map(([length, start]) =>
  Uint8Array.from({ length }, (_, index) => 0x20 + ((start + index * 7) % 94)),
)

const typed = FastCheck.tuple(filled, FastCheck.constantFrom(-1, 0x03, 0x04, 0x0d, 0x1b, 0x7f, 0x00, 0x1f)).map(
  ([bytes, key]) => (key === -1 ? bytes : Uint8Array.from([...bytes, key])),
)

const action: FastCheck.Arbitrary<RecordedAction> = FastCheck.oneof(
  {
    weight: 6,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constant("Type" as const),
      bytes: typed,
      echoed: FastCheck.boolean(),
      isTyped: FastCheck.constant(false),
    }),
  },
  {
    weight: 2,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constant("Resize" as const),
      size: FastCheck.record({
        cols: FastCheck.integer({ min: 1, max: 300 }),
        rows: FastCheck.constant(24),
        widthPx: FastCheck.constant(0),
        heightPx: FastCheck.constant(0),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constant("Signal" as const),
      name: FastCheck.constantFrom("INT", "TERM", "WINCH"),
    }),
  },
)

const observed: FastCheck.Arbitrary<Observed> = FastCheck.record({
  kind: FastCheck.constantFrom(FrameKind.Exec, FrameKind.File, FrameKind.Network, FrameKind.Gap),
  payload: FastCheck.oneof(
    FastCheck.uint8Array({ maxLength: 40 }),
    FastCheck.integer({ min: 30_000, max: 32_704 }).map((length) => new Uint8Array(length)),
  ),
})

const move: FastCheck.Arbitrary<Move> = FastCheck.oneof(
  {
    weight: 4,
    arbitrary: FastCheck.record({
      _tag: FastCheck.constant("Output" as const),
      shown: FastCheck.record({ stream: FastCheck.constantFrom("output" as const, "stderr" as const), bytes: filled }),
    }),
  },
  { weight: 4, arbitrary: action.map((action): Move => ({ _tag: "User", action })) },
  { weight: 2, arbitrary: observed.map((observed): Move => ({ _tag: "Observed", observed })) },
  {
    weight: 3,
    arbitrary: FastCheck.oneof(FastCheck.constant(1), FastCheck.double({ min: 0, max: 1, noNaN: true })).map(
      (share): Move => ({ _tag: "Ack", share }),
    ),
  },
)

export const trials = (mode: FastCheck.Arbitrary<RecordingMode>): FastCheck.Arbitrary<Trial> =>
  FastCheck.record({
    mode,
    window: FastCheck.constantFrom(64 * 1024, 100_000, 256 * 1024),
    recordSecrets: FastCheck.boolean(),
    moves: FastCheck.tuple(FastCheck.array(move, { maxLength: 60 }), FastCheck.boolean()).map(([moves, ends]) =>
      ends ? [...moves, { _tag: "User" as const, action: { _tag: "EndInput" as const } }] : moves,
    ),
  })

/** Whether it makes a frame. */
export const isRecord = ({ _tag }: Policy.Decision): boolean => _tag.startsWith("Record")

/** What was decided, and all that a rule needs to know of the moment when it was. */
export interface Decided {
  readonly decision: Policy.Decision
  /** Which move led to it. */
  readonly at: number
  /** The last frame recorded before it, and the last that was durable. */
  readonly recorded: number
  readonly durable: number
}

export interface Ran {
  readonly decided: ReadonlyArray<Decided>
  /** The moves, with acknowledgements of everything until nothing waits any more. */
  readonly moves: ReadonlyArray<Move>
  readonly final: Policy.PolicyState
  /** How many moves came before those that were added in order to come to the end. */
  readonly own: number
}

/** Lets a policy have the moves, and then acknowledges all until it has nothing more to say. */
export const runTrial = (trial: Trial): Ran => {
  let state = Policy.initial(trial)
  let [recorded, durable] = [0, 0]
  const decided: Array<Decided> = []
  const moves: Array<Move> = []
  const apply = (move: Move): number => {
    const at = moves.push(move) - 1
    const seq = move._tag === "Ack" ? Math.round(move.share * recorded) : 0
    durable = Math.max(durable, seq)
    const [next, decisions] = Policy.step(state, move._tag === "Ack" ? { _tag: "Durable", seq } : move)
    state = next
    for (const decision of decisions) {
      if (isRecord(decision)) recorded += 1
      decided.push({ decision, at, recorded, durable })
    }
    return decisions.length
  }
  for (const move of trial.moves) apply(move)
  while (apply({ _tag: "Ack", share: 1 }) > 0 || state.outstanding.size > 0);
  return { decided, moves, final: state, own: trial.moves.length }
}
