#!/usr/bin/env node
import { answerVersion } from "./process/answerVersion.ts"
import { concealOptions } from "./process/concealOptions.ts"
import { keepYoungGenerationSmall } from "./process/keepYoungGenerationSmall.ts"

if (!answerVersion("mezd")) {
  concealOptions(process, "mezd", ["--token"])
  keepYoungGenerationSmall()
  const [{ mezd }, { serviceMain }] = await Promise.all([import("./agent/mezd.ts"), import("./process/serviceMain.ts")])
  serviceMain(mezd(process))
}
