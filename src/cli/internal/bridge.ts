import type { Duplex, Readable, Writable } from "node:stream"
import { Effect } from "effect"
import { CommandFailed } from "../CommandFailed.ts"

/**
 * Copies both ways, by the streams' own pipes, until the far side has ended and all of it is written, or standard output
 * is closed. Fails where the far side breaks off.
 */
export const bridge = (far: Duplex, input: Readable, output: Writable): Effect.Effect<void, CommandFailed> =>
  Effect.async((resume) => {
    const done = () => resume(Effect.void)
    const broken = (error: Error) =>
      resume(new CommandFailed({ message: `the connection to the node was lost: ${error.message}` }))
    // Whatever was copied must have left before the process may end.
    const ended = () => output.write("", done)
    far.on("error", broken)
    far.on("end", ended)
    far.on("close", ended)
    output.on("error", done)
    input.pipe(far)
    far.pipe(output, { end: false })
    return Effect.sync(() => {
      input.unpipe(far)
      far.unpipe(output)
      output.off("error", done)
      far.destroy()
      input.pause()
    })
  })
