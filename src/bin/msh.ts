#!/usr/bin/env node
import { answerVersion } from "./process/answerVersion.ts"
import { concealOptions } from "./process/concealOptions.ts"

if (!answerVersion("msh")) {
  concealOptions(process, "msh", ["--invite"])
  const [{ msh }, { main }] = await Promise.all([import("../cli/msh/main.ts"), import("./process/main.ts")])
  main(msh(process))
}
