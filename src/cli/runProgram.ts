import type { CliApp } from "@effect/cli/CliApp"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Effect } from "effect"
import { Stdio } from "./Stdio.ts"

type CommandLineRun<R> = (words: ReadonlyArray<string>) => Effect.Effect<number, never, R | Stdio | CliApp.Environment>

/**
 * Runs a program of this package on its process and gives its exit code. The command line itself is loaded only where it
 * is needed. Signals other than SIGHUP are the caller's; interrupting the program restores the terminal.
 */
export const runProgram = <R = never>(
  name: string,
  process: NodeJS.Process,
  load: () => Promise<CommandLineRun<R>>,
): Effect.Effect<number, never, Exclude<Exclude<R, NodeContext.NodeContext>, Stdio>> => {
  const [, program = name, ...words] = process.argv
  return Effect.flatMap(Effect.promise(load), (commandLine) => commandLine(words)).pipe(
    Effect.provide(NodeContext.layer),
    Effect.provide(Stdio.layer(process, program)),
  )
}
