import { spawnSync } from "node:child_process"
import { Effect, type Scope } from "effect"
import { Stdio } from "./Stdio.ts"

/** Node's raw mode leaves output processing on, which draws a bare line feed as if a carriage return came with it. */
const noOutputProcessing = (stdin: NodeJS.ReadStream): void => {
  spawnSync("stty", ["-opost"], { stdio: [stdin, "ignore", "ignore"] })
}

/**
 * Takes the terminal raw for as long as the scope: keys come as bytes, ^C too, and output goes out as it is. In whatever way the
 * scope or the process ends (bar SIGKILL), `goodbye` is written and the terminal is as it was.
 */
export const rawTerminal = (goodbye: () => string): Effect.Effect<void, never, Stdio | Scope.Scope> =>
  Effect.flatMap(Stdio, ({ stdin, stdout, onExit }) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        let restored = false
        const restore = () => {
          if (restored) return
          restored = true
          if (stdout.isTTY && stdout.writable) stdout.write(goodbye())
          if (stdin.isTTY) {
            stdin.setRawMode(false)
            stdin.pause()
          }
        }
        const off = onExit(restore)
        if (stdin.isTTY) {
          stdin.setRawMode(true)
          noOutputProcessing(stdin)
        }
        return () => {
          restore()
          off()
        }
      }),
      (release) => Effect.sync(release),
    ).pipe(Effect.asVoid),
  )
