import type { Effect } from "effect"
import { version } from "../../domain/version.ts"
import { runProgram } from "../runProgram.ts"

/** Runs `msh` on its process, and gives its exit code. */
export const msh = (process: NodeJS.Process): Effect.Effect<number> =>
  runProgram("msh", process, async () => {
    const [{ runCommandLine }, { mshCommand, mshCommands, mshForms }] = await Promise.all([
      import("../runCommandLine.ts"),
      import("./mshCommand.ts"),
    ])
    return (words) =>
      runCommandLine({ name: "msh", version, command: mshCommand, commands: mshCommands, forms: mshForms }, words)
  })
