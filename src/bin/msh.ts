#!/usr/bin/env node
import { answerVersion } from "./process/answerVersion.ts"

if (!answerVersion("msh")) {
  const [{ msh }, { main }] = await Promise.all([import("../cli/msh/main.ts"), import("./process/main.ts")])
  main(msh(process))
}
