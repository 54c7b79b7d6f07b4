import type { Effect } from "effect"
import { runProgram } from "../../cli/runProgram.ts"
import { version } from "../../domain/version.ts"
import { plainForms } from "../process/plainForms.ts"
import type { StopRequest } from "../process/StopRequest.ts"

/** Runs `mezhub` on its process, and gives its exit code. */
export const mezhub = (process: NodeJS.Process): Effect.Effect<number, never, StopRequest> =>
  runProgram<StopRequest>("mezhub", process, async () => {
    const [{ runCommandLine }, { hubCommand, hubCommands }] = await Promise.all([
      import("../../cli/runCommandLine.ts"),
      import("./hubCommand.ts"),
    ])
    return (words) =>
      runCommandLine({ name: "mezhub", version, command: hubCommand, commands: hubCommands, forms: plainForms }, words)
  })
