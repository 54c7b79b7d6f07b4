import { randomInt } from "node:crypto"
import { ChaosCluster } from "./ChaosCluster.ts"
import { type ChaosOptions, chaosOptions, usage, WrongOption } from "./ChaosOptions.ts"
import { runChaos } from "./runChaos.ts"

const read = (): ChaosOptions | undefined => {
  try {
    return chaosOptions(process.argv.slice(2), randomInt(1_000_000))
  } catch (error) {
    if (!(error instanceof WrongOption)) throw error
    console.error(`chaos: ${error.message}`)
    process.exit(2)
  }
}

const stop = async (): Promise<void> => {
  await Promise.all([...ChaosCluster.running].map((chaos) => chaos.stop()))
  process.exit(130)
}
process.once("SIGINT", stop)
process.once("SIGTERM", stop)

const options = read()
if (options === undefined) {
  console.log(usage)
} else {
  console.log(`chaos: ${options.trials} trials from seed ${options.seed}`)
  const report = await runChaos(options, console.log)
  console.log(`\n${report.text}`)
  console.log(`to repeat: --seed ${options.seed}`)
  process.exitCode = report.failed === 0 ? 0 : 1
}
