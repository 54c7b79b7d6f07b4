import type { Effect } from "effect"
import { runProgram } from "../../cli/runProgram.ts"
import { version } from "../../domain/version.ts"
import type { StopRequest } from "../process/StopRequest.ts"

/** Runs `mezd` on its process, and gives its exit code. */
export const mezd = (process: NodeJS.Process): Effect.Effect<number, never, StopRequest> =>
  runProgram<StopRequest>("mezd", process, async () => {
    const [{ runCommandLine }, { agentCommand, agentCommands, agentForms }] = await Promise.all([
      import("../../cli/runCommandLine.ts"),
      import("./agentCommand.ts"),
    ])
    return (words) =>
      runCommandLine(
        { name: "mezd", version, command: agentCommand, commands: agentCommands, forms: agentForms },
        words,
      )
  })
