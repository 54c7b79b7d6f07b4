import type { Traces, Workload } from "./Workload.ts"
import { untilOver } from "./waiting.ts"

/** A command that takes no hint: it has to be killed, with what it started, once its client is gone. */
export const stubborn = ({ key, pidFile }: Traces): Workload => ({
  name: "stubborn",
  command: `: ${key}; trap '' HUP TERM PIPE; echo $$ >${pidFile}; sleep 1000 & while :; do echo ${key} is here; sleep 0.1; done`,
  prints: undefined,
  echoes: false,
  commandOf: () => "",
  drive: async (driven) => {
    await untilOver(driven)
    driven.kill()
  },
})
