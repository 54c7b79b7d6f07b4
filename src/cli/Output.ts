import type { Writable } from "node:stream"
import { Effect } from "effect"
import { OutputLost } from "../play/OutputLost.ts"
import { Stdio } from "./Stdio.ts"

const lost = (error: Error): OutputLost => {
  const code = "code" in error ? error.code : undefined
  const closed = code === "EPIPE" || code === "ERR_STREAM_DESTROYED"
  return new OutputLost({ message: `the output can't be written: ${error.message}`, closed })
}

/** Writes to a stream and returns once it was taken, so that a slow reader slows the writer down. */
export const writeTo = (stream: Writable, bytes: Uint8Array | string): Effect.Effect<void, OutputLost> =>
  Effect.async((resume) => {
    stream.write(bytes, (error) => resume(error ? Effect.fail(lost(error)) : Effect.void))
  })

/** Writes to standard output. */
export const print = (bytes: Uint8Array | string): Effect.Effect<void, OutputLost, Stdio> =>
  Effect.flatMap(Stdio, ({ stdout }) => writeTo(stdout, bytes))

/** Writes a line to standard output. */
export const printLine = (line: string): Effect.Effect<void, OutputLost, Stdio> => print(`${line}\n`)

/** Writes a line to standard error: a diagnostic, never a result. What can't be written there can't be told anywhere. */
export const warn = (line: string): Effect.Effect<void, never, Stdio> =>
  Effect.flatMap(Stdio, ({ stderr }) => Effect.ignore(writeTo(stderr, `${line}\n`)))
