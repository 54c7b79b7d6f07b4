import { Context, Layer } from "effect"

/** What a command line sees of the process that it runs in. */
export interface StdioShape {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Hears a signal instead of dying of it, until the function that it gives is called. */
  readonly onSignal: (signal: NodeJS.Signals, listener: () => void) => () => void
  /** Runs when the process ends in whatever way it can still hear of; until the function that it gives is called. */
  readonly onExit: (listener: () => void) => () => void
  /** Stops the process, as ^Z would, until somebody continues it. */
  readonly suspend: () => void
  /** The absolute path of the running program. */
  readonly program: string
}

/** The process's own streams and signals; tests give others. */
export class Stdio extends Context.Tag("mezite/cli/Stdio")<Stdio, StdioShape>() {
  /** A broken standard output is told to who writes to it, not as an uncaught error. */
  static readonly layer = (process: NodeJS.Process, program: string): Layer.Layer<Stdio> =>
    Layer.sync(Stdio, () => {
      const heardByWriter = () => {}
      process.stdout.on("error", heardByWriter)
      process.stderr.on("error", heardByWriter)
      return {
        stdin: process.stdin,
        stdout: process.stdout,
        stderr: process.stderr,
        env: process.env,
        program,
        suspend: () => process.kill(process.pid, "SIGTSTP"),
        onSignal: (signal, listener) => {
          process.on(signal, listener)
          return () => process.off(signal, listener)
        },
        onExit: (listener) => {
          process.on("exit", listener)
          return () => process.off("exit", listener)
        },
      }
    })
}
