import { spawnSync } from "node:child_process"
import { Effect, type Scope } from "effect"
import { Stdio, type StdioShape } from "./Stdio.ts"

/** The reviewer's or user's own terminal, in raw mode. */
export interface RawTerminal {
  /** Gives the terminal back, stops the process as ^Z does, and takes it again when somebody continues the process. */
  readonly suspend: () => void
}

const enter = ({ stdin }: StdioShape): void => {
  if (!stdin.isTTY) return
  stdin.setRawMode(true)
  // Node's raw mode leaves output processing on: a bare line feed would be drawn as if a carriage return came with it.
  spawnSync("stty", ["-opost"], { stdio: [stdin, "ignore", "ignore"] })
}

const leave = ({ stdin, stdout }: StdioShape, goodbye: string): void => {
  if (stdout.isTTY && stdout.writable && goodbye !== "") stdout.write(goodbye)
  if (stdin.isTTY && !stdin.destroyed) stdin.setRawMode(false)
}

const suspend = (stdio: StdioShape): void => {
  leave(stdio, "")
  const off = stdio.onSignal("SIGCONT", () => {
    off()
    enter(stdio)
  })
  stdio.suspend()
}

/**
 * Takes the terminal raw for as long as the scope: keys come as bytes, ^C too, and output goes out as it is. In whatever way the
 * scope or the process ends (bar SIGKILL), `goodbye` is written and the terminal is as it was.
 */
export const rawTerminal = (goodbye: () => string): Effect.Effect<RawTerminal, never, Stdio | Scope.Scope> =>
  Effect.flatMap(Stdio, (stdio) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        let restored = false
        const restore = () => {
          if (!restored) leave(stdio, goodbye())
          restored = true
        }
        const off = stdio.onExit(restore)
        enter(stdio)
        return { restore, off, terminal: { suspend: () => suspend(stdio) } }
      }),
      ({ restore, off }) =>
        Effect.sync(() => {
          restore()
          off()
          stdio.stdin.pause()
        }),
    ).pipe(Effect.map(({ terminal }) => terminal)),
  )
