import { Deferred, Effect, Mailbox, Option, Stream } from "effect"
import type { Exit } from "../../../src/domain/SessionEnd.ts"
import type { Terminal, TerminalOutput } from "../../../src/session/Terminal.ts"
import type { TerminalError } from "../../../src/session/TerminalError.ts"

/** A program that does what the test says, and remembers what was done to it. `tries`: only typing tells whether it echoes. */
export const fakeTerminal = Effect.fn(function* (tries: boolean) {
  const output = yield* Mailbox.make<TerminalOutput>()
  const exit = yield* Deferred.make<Exit, TerminalError>()
  /** Everything that reached the program, in order. */
  const done: Array<string> = []
  const reads = Effect.unsafeMakeLatch(true)
  const obeys = Effect.unsafeMakeLatch(true)
  const state = { closed: false, pulled: 0, echoes: true }

  const tryTyping = (bytes: Uint8Array) =>
    Effect.sync(() => {
      done.push(`try ${Buffer.from(bytes)}`)
      return state.echoes
    })

  const terminal: Terminal = {
    output: Stream.repeatEffectOption(
      Effect.mapBoth(output.take, {
        onFailure: () => Option.none(),
        onSuccess: (shown) => {
          state.pulled += 1
          return shown
        },
      }),
    ),
    write: (bytes) =>
      Effect.zipRight(
        reads.await,
        Effect.sync(() => void done.push(`type ${Buffer.from(bytes)}`)),
      ),
    endInput: Effect.sync(() => void done.push("end")),
    resize: ({ cols }) =>
      Effect.zipRight(
        obeys.await,
        Effect.sync(() => void done.push(`resize ${cols}`)),
      ),
    signal: (name) =>
      Effect.zipRight(
        obeys.await,
        Effect.sync(() => void done.push(`signal ${name}`)),
      ),
    echoes: Effect.sync(() => state.echoes),
    ...(tries ? { tryTyping } : {}),
    exit: Deferred.await(exit),
  }
  return {
    done,
    state,
    /** Closed: the program reads nothing. */
    reads,
    /** Closed: resizes and signals take for ever. */
    obeys,
    /** Starts it; its scope's end is seen in `state.closed`. */
    start: Effect.acquireRelease(Effect.succeed(terminal), () =>
      Effect.sync(() => {
        state.closed = true
      }),
    ),
    prints: (text: string, stream: TerminalOutput["stream"] = "output"): void =>
      void output.unsafeOffer({ stream, bytes: Buffer.from(text) }),
    ends: (code: number): void => {
      output.unsafeDone(Effect.runSync(Effect.exit(Effect.void)))
      Deferred.unsafeDone(exit, Effect.succeed({ _tag: "Code", code }))
    },
    /** Its output has been read to the end, and nobody knows how it ended. */
    isLost: (error: TerminalError): void => {
      output.unsafeDone(Effect.runSync(Effect.exit(Effect.void)))
      Deferred.unsafeDone(exit, Effect.fail(error))
    },
  }
})
