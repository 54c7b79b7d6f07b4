#!/usr/bin/env node
import { answerVersion } from "./process/answerVersion.ts"
import { keepYoungGenerationSmall } from "./process/keepYoungGenerationSmall.ts"

if (!answerVersion("mezd")) {
  keepYoungGenerationSmall()
  const [{ mezd }, { main }] = await Promise.all([import("./agent/mezd.ts"), import("./process/main.ts")])
  // Being told to stop is how a service ends.
  main(mezd(process), 0)
}
