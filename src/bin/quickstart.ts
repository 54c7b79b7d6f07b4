#!/usr/bin/env node
import { runProgram } from "../cli/runProgram.ts"
import { version } from "../domain/version.ts"
import { main } from "./process/main.ts"
import { plainForms } from "./process/plainForms.ts"

main(
  runProgram("quickstart", process, async () => {
    const [{ runCommandLine }, { quickStartCommand }] = await Promise.all([
      import("../cli/runCommandLine.ts"),
      import("./quickstart/quickStartCommand.ts"),
    ])
    return (words) =>
      runCommandLine(
        { name: "quickstart", version, command: quickStartCommand, commands: [], forms: plainForms },
        words,
      )
  }),
)
