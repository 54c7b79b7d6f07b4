#!/usr/bin/env node
import { answerVersion } from "./process/answerVersion.ts"
import { keepYoungGenerationSmall } from "./process/keepYoungGenerationSmall.ts"

if (!answerVersion("mezhub")) {
  keepYoungGenerationSmall()
  const [{ mezhub }, { main }] = await Promise.all([import("./hub/mezhub.ts"), import("./process/main.ts")])
  // Being told to stop is how a service ends.
  main(mezhub(process), 0)
}
