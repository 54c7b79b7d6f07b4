import type { Random } from "../Random.ts"
import type { Traces, Workload } from "./Workload.ts"
import { think } from "./waiting.ts"

/** A command without a terminal that prints what it is sent. */
export const pipedInput = (random: Random, { key, pidFile }: Traces): Workload => ({
  name: "piped",
  command: `: ${key}; echo $$ >${pidFile}; cat; exit 4`,
  prints: undefined,
  echoes: true,
  commandOf: () => "",
  drive: async (driven) => {
    for (let line = 1; driven.running && !driven.isOver(); line++) {
      driven.type(`${key} sends ${line} ${"x".repeat(random.integer(0, 4_000))}\n`)
      await think(random.integer(0, 100))
    }
    driven.endInput()
  },
})
