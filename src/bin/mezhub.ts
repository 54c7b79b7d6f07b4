#!/usr/bin/env node
import { runProgram } from "../cli/runProgram.ts"
import { version } from "../domain/version.ts"
import { main } from "./process/main.ts"
import { plainForms } from "./process/plainForms.ts"

/** Being told to stop is how a service ends. */
const terminated = 0

main(
  runProgram("mezhub", process, async () => {
    const [{ runCommandLine }, { hubCommand }] = await Promise.all([
      import("../cli/runCommandLine.ts"),
      import("./hub/hubCommand.ts"),
    ])
    return (words) => runCommandLine({ name: "mezhub", version, command: hubCommand, forms: plainForms }, words)
  }),
  terminated,
)
