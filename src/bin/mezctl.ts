#!/usr/bin/env node
import { answerVersion } from "./process/answerVersion.ts"

if (!answerVersion("mezctl")) {
  const [{ mezctl }, { main }] = await Promise.all([import("../cli/mezctl/main.ts"), import("./process/main.ts")])
  main(mezctl(process))
}
