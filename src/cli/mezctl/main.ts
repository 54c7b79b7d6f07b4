import type { Effect } from "effect"
import { version } from "../../domain/version.ts"
import { runProgram } from "../runProgram.ts"

/** Runs `mezctl` on its process, and gives its exit code. */
export const mezctl = (process: NodeJS.Process): Effect.Effect<number> =>
  runProgram("mezctl", process, async () => {
    const [{ runCommandLine }, { mezctlCommand, mezctlCommands, mezctlForms }] = await Promise.all([
      import("../runCommandLine.ts"),
      import("./mezctlCommand.ts"),
    ])
    return (words) =>
      runCommandLine(
        { name: "mezctl", version, command: mezctlCommand, commands: mezctlCommands, forms: mezctlForms },
        words,
      )
  })
