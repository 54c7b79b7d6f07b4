#!/usr/bin/env node
import { answerVersion } from "./process/answerVersion.ts"
import { keepYoungGenerationSmall } from "./process/keepYoungGenerationSmall.ts"

if (!answerVersion("mezhub")) {
  keepYoungGenerationSmall()
  const [{ mezhub }, { serviceMain }] = await Promise.all([
    import("./hub/mezhub.ts"),
    import("./process/serviceMain.ts"),
  ])
  serviceMain(mezhub(process))
}
