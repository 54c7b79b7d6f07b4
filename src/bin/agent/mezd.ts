import type { Effect } from "effect"
import { runProgram } from "../../cli/runProgram.ts"
import { version } from "../../domain/version.ts"

/** Runs `mezd` on its process, and gives its exit code. */
export const mezd = (process: NodeJS.Process): Effect.Effect<number> =>
  runProgram("mezd", process, async () => {
    const [{ runCommandLine }, { agentCommand, agentForms }] = await Promise.all([
      import("../../cli/runCommandLine.ts"),
      import("./agentCommand.ts"),
    ])
    return (words) => runCommandLine({ name: "mezd", version, command: agentCommand, forms: agentForms }, words)
  })
