#!/usr/bin/env node
import { runProgram } from "../cli/runProgram.ts"
import { version } from "../domain/version.ts"
import { main } from "./process/main.ts"
import { plainForms } from "./process/plainForms.ts"

/** Being told to stop is how a service ends. */
const terminated = 0

main(
  runProgram("mezd", process, async () => {
    const [{ runCommandLine }, { agentCommand }] = await Promise.all([
      import("../cli/runCommandLine.ts"),
      import("./agent/agentCommand.ts"),
    ])
    return (words) => runCommandLine({ name: "mezd", version, command: agentCommand, forms: plainForms }, words)
  }),
  terminated,
)
