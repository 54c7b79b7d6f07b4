import { FastCheck } from "effect"
import type { CommandEvent } from "../../src/domain/CommandEvent.ts"
import type { ConnectionEvent } from "../../src/domain/ConnectionEvent.ts"
import type { FileEvent } from "../../src/domain/FileEvent.ts"
import { EventLimits } from "../../src/recording/Limits.ts"

const bytes = (maxLength: number) => FastCheck.uint8Array({ maxLength })
const number = FastCheck.nat(0xffff_ffff)
const seen = { timeUs: FastCheck.maxSafeNat(), pid: number }
const name = FastCheck.string({ unit: "grapheme", maxLength: 15 })

/** Arguments of all lengths: most are short, some need many frames. */
const words = FastCheck.oneof(
  { weight: 8, arbitrary: bytes(60) },
  {
    weight: 1,
    arbitrary: FastCheck.tuple(bytes(40), FastCheck.nat(3_000)).map(([unit, times]) =>
      Buffer.concat(Array.from({ length: times }, () => unit)),
    ),
  },
)

const started = FastCheck.record({
  _tag: FastCheck.constant("Started" as const),
  ...seen,
  parentPid: number,
  uid: number,
  effectiveUid: number,
  program: bytes(40),
  file: bytes(40),
  directory: bytes(40),
  arguments: words,
  cut: FastCheck.boolean(),
}).map((command) => ({ ...command, argumentsBytes: command.arguments.length }))

const exit = FastCheck.oneof(
  FastCheck.record({ _tag: FastCheck.constant("Code" as const), code: FastCheck.nat(255) }),
  FastCheck.record({
    _tag: FastCheck.constant("Signal" as const),
    signal: FastCheck.constantFrom("KILL", "SEGV", "64"),
  }),
)

export const commandEvents: FastCheck.Arbitrary<ReadonlyArray<CommandEvent>> = FastCheck.array(
  FastCheck.oneof(
    started,
    FastCheck.record({ _tag: FastCheck.constant("Ended" as const), ...seen, exit }),
    FastCheck.record({
      _tag: FastCheck.constant("Refused" as const),
      ...seen,
      file: bytes(40),
      directory: bytes(40),
      error: number,
    }),
  ),
  { maxLength: 20 },
)

export const fileEvents: FastCheck.Arbitrary<ReadonlyArray<FileEvent>> = FastCheck.array(
  FastCheck.record({
    ...seen,
    name,
    path: bytes(EventLimits.path),
    flags: number,
    error: number,
    cut: FastCheck.boolean(),
    unseen: FastCheck.boolean(),
  }),
  { maxLength: 20 },
)

const error = FastCheck.option(number)

export const connectionEvents: FastCheck.Arbitrary<ReadonlyArray<ConnectionEvent>> = FastCheck.array(
  FastCheck.oneof(
    FastCheck.record({
      _tag: FastCheck.constant("Asked" as const),
      ...seen,
      name,
      number,
      way: FastCheck.constantFrom("connect" as const, "accept" as const, "datagram" as const),
      family: number,
      type: number,
      protocol: number,
      address: bytes(110),
      port: FastCheck.nat(65_535),
      error,
    }),
    FastCheck.record({
      _tag: FastCheck.constant("Outcome" as const),
      ...seen,
      name,
      number,
      error,
      localPort: FastCheck.nat(65_535),
    }),
  ),
  { maxLength: 20 },
)
