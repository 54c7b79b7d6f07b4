import { Effect } from "effect"
import type { Action } from "../Action.ts"
import type { Terminal } from "../Terminal.ts"
import type { TerminalError } from "../TerminalError.ts"

type Type = Extract<Action, { _tag: "Type" }>

/** How typing becomes actions. */
export interface TypingHost {
  readonly terminal: Pick<Terminal, "echoes" | "tryTyping">
  /** Completes once nothing waits that was typed before. */
  readonly settled: Effect.Effect<void>
  /** Takes an action; completes when the next is wanted. */
  readonly act: (action: Type) => Effect.Effect<void>
}

const escapeKey = 0x1b

const isControl = (byte: number): boolean => byte < 0x20 || byte === 0x7f

/** How many bytes from the start are such; all of them where no other comes. */
const leading = (bytes: Uint8Array, isSuch: (byte: number) => boolean): number => {
  const end = bytes.findIndex((byte) => !isSuch(byte))
  return end === -1 ? bytes.length : end
}

/**
 * Makes actions of what a client sends at once, each with whether the terminal shows it. That is asked as late as can be, just
 * before it is recorded; where only typing tells, what is printable at the start is typed first, and its answer holds for all that
 * came with it. What begins with control characters is not tried, for they act: they go first, but what begins with an escape
 * sequence goes whole, since programs tell a key from ESC by what follows at once.
 */
export const judgeTyping = (host: TypingHost): ((bytes: Uint8Array) => Effect.Effect<void, TerminalError>) => {
  const { terminal, settled, act } = host
  const { tryTyping } = terminal
  const asked = (bytes: Uint8Array) =>
    Effect.flatMap(terminal.echoes, (echoed) => act({ _tag: "Type", bytes, echoed, isTyped: false }))
  if (tryTyping === undefined) return asked

  const tried = (bytes: Uint8Array, printable: number) =>
    Effect.gen(function* () {
      yield* settled
      const start = bytes.subarray(0, printable)
      const echoed = yield* tryTyping(start)
      yield* act({ _tag: "Type", bytes: start, echoed, isTyped: true })
      if (printable < bytes.length) {
        yield* act({ _tag: "Type", bytes: bytes.subarray(printable), echoed, isTyped: false })
      }
    })

  const typed = (bytes: Uint8Array): Effect.Effect<void, TerminalError> => {
    const printable = leading(bytes, (byte) => !isControl(byte))
    if (printable > 0) return tried(bytes, printable)
    const controls = leading(bytes, (byte) => isControl(byte) && byte !== escapeKey)
    if (controls === 0 || controls === bytes.length) return asked(bytes)
    return Effect.zipRight(
      asked(bytes.subarray(0, controls)),
      Effect.suspend(() => typed(bytes.subarray(controls))),
    )
  }
  return typed
}
