import { FastCheck } from "effect"
import type { RecordingMode } from "../../../src/domain/RecordingMode.ts"
import type { OnLocalFailure } from "../../../src/node/spool/SpoolSink.ts"

/** What the program, the user, the disk and the hub do; `share` is of what is not certain at that moment. */
export type Move =
  | { readonly _tag: "Prints"; readonly text: Text; readonly stream: "output" | "stderr" }
  | { readonly _tag: "Types"; readonly text: Text; readonly echoes: boolean }
  | { readonly _tag: "Resizes"; readonly cols: number }
  | { readonly _tag: "Signals"; readonly name: string }
  | { readonly _tag: "EndsInput" }
  | { readonly _tag: "Acknowledges"; readonly share: number }
  | { readonly _tag: "Syncs" }
  | { readonly _tag: "StopsReading" }
  | { readonly _tag: "ReadsOn" }
  | { readonly _tag: "DiskMends" }
  | Fault

/** So many bytes, and a key; every byte's value depends on where it is, so that what is lost, doubled or swapped is seen. */
export interface Text {
  readonly length: number
  readonly start: number
  readonly key: number | undefined
}

/** A text's bytes. */
export const bytesOf = ({ length, start, key }: Text): Uint8Array => {
  const bytes = new Uint8Array(length + (key === undefined ? 0 : 1))
  for (let index = 0; index < length; index++) bytes[index] = 0x20 + ((start + index * 7 + (index >> 6) * 13) % 94)
  if (key !== undefined) bytes[length] = key
  return bytes
}

/** What comes at a bad moment, and how a session comes to its end. */
export type Fault =
  | { readonly _tag: "HubBreaks" | "HubIsFull" | "HubIsSilent" | "DiskFails" }
  | { readonly _tag: "ProgramEnds" | "ClientLeaves" | "IsTerminated" | "AgentIsKilled" }
  /** The hub's process is killed: of what it had not made durable so much is gone. */
  | { readonly _tag: "HubRestarts"; readonly share: number }
  /** The agent's machine loses its power. */
  | { readonly _tag: "PowerFails"; readonly share: number }

export interface Trial {
  readonly mode: RecordingMode
  readonly onLocalFailure: OnLocalFailure
  readonly moves: ReadonlyArray<Move>
}

const size = FastCheck.oneof(
  { weight: 8, arbitrary: FastCheck.integer({ min: 1, max: 40 }) },
  { weight: 2, arbitrary: FastCheck.integer({ min: 200, max: 3_000 }) },
  { weight: 1, arbitrary: FastCheck.integer({ min: 30_000, max: 150_000 }) },
)

const text = FastCheck.record({
  length: size,
  start: FastCheck.nat(94),
  key: FastCheck.constantFrom(undefined, undefined, 0x03, 0x04, 0x0d, 0x0d, 0x1b, 0x7f),
})

const share = FastCheck.oneof(
  FastCheck.constant(1),
  FastCheck.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
)
const plain = <Tag extends string>(...tags: ReadonlyArray<Tag>) =>
  FastCheck.constantFrom(...tags).map((_tag) => ({ _tag }))
const tagged = <Tag extends string, A>(tag: Tag, rest: { readonly [K in keyof A]: FastCheck.Arbitrary<A[K]> }) =>
  FastCheck.record({ _tag: FastCheck.constant(tag), ...rest }) as unknown as FastCheck.Arbitrary<{ _tag: Tag } & A>

const move: FastCheck.Arbitrary<Move> = FastCheck.oneof(
  {
    weight: 8,
    arbitrary: tagged("Prints", {
      text,
      stream: FastCheck.constantFrom("output" as const, "stderr" as const),
    }),
  },
  { weight: 8, arbitrary: tagged("Types", { text, echoes: FastCheck.boolean() }) },
  { weight: 2, arbitrary: tagged("Resizes", { cols: FastCheck.integer({ min: 1, max: 300 }) }) },
  { weight: 2, arbitrary: tagged("Signals", { name: FastCheck.constantFrom("INT", "TERM") }) },
  { weight: 8, arbitrary: tagged("Acknowledges", { share }) },
  { weight: 4, arbitrary: plain("Syncs", "Syncs", "StopsReading", "ReadsOn", "DiskMends") },
)

const fault: FastCheck.Arbitrary<Fault> = FastCheck.oneof(
  { weight: 3, arbitrary: plain("HubBreaks", "HubIsFull", "HubIsSilent") },
  { weight: 3, arbitrary: plain("DiskFails") },
  { weight: 4, arbitrary: plain("ProgramEnds", "ClientLeaves", "IsTerminated", "AgentIsKilled") },
  { weight: 2, arbitrary: tagged("HubRestarts", { share }) },
  { weight: 2, arbitrary: tagged("PowerFails", { share }) },
)

const stretch = (maxLength: number) => FastCheck.array(move, { minLength: 2, maxLength, size: "max" })

/** Some faults, with anything before, between and after them; and in most of them the program's own end. */
export const trials: FastCheck.Arbitrary<Trial> = FastCheck.record({
  mode: FastCheck.constantFrom<RecordingMode>("node-sync", "node-sync", "node", "off"),
  onLocalFailure: FastCheck.constantFrom<OnLocalFailure>("end", "continue"),
  moves: FastCheck.tuple(
    stretch(30),
    FastCheck.array(FastCheck.tuple(fault, stretch(8)), { maxLength: 3, size: "max" }),
    FastCheck.boolean(),
    FastCheck.constantFrom(true, true, false),
  ).map(
    ([first, more, endsInput, ends]): ReadonlyArray<Move> => [
      ...first,
      ...(endsInput ? [{ _tag: "EndsInput" as const }] : []),
      ...more.flatMap(([one, after]) => [one, ...after]),
      ...(ends ? [{ _tag: "ProgramEnds" as const }, { _tag: "Acknowledges" as const, share: 1 }] : []),
    ],
  ),
})
