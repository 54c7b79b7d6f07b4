import type { Random } from "../Random.ts"
import type { Traces, Workload } from "./Workload.ts"

const filler = "abcdefghijklmnopqrstuvwxyz0123456789".repeat(2)

/** From a line now and then to more than the window of node-sync at once. */
const shapes = [
  { name: "trickle", bursts: 150, lines: 1, pause: 0.03 },
  { name: "bursts", bursts: 15, lines: 300, pause: 0.3 },
  { name: "steady", bursts: 250, lines: 40, pause: 0.01 },
  { name: "floods", bursts: 8, lines: 6_000, pause: 0.6 },
] as const

/** A command that prints numbered lines in bursts; without a terminal it tells each burst on standard error too. */
export const bursts = (random: Random, { key, pidFile }: Traces, { terminal }: { terminal: boolean }): Workload => {
  const { name, bursts: count, lines, pause } = random.pick(shapes)
  const newline = terminal ? "\r\n" : "\n"
  const print = `awk -v b=$b 'BEGIN { for (i = 1; i <= ${lines}; i++) print "${key}", b, i, "${filler}" }'`
  const tell = terminal ? "" : `echo "${key}-err" $b >&2; `
  const burst = (b: number) =>
    Array.from({ length: lines }, (_, line) => `${key} ${b} ${line + 1} ${filler}${newline}`).join("")
  return {
    name,
    command: `: ${key}; echo $$ >${pidFile}; b=0; while [ $b -lt ${count} ]; do b=$((b+1)); ${tell}${print}; sleep ${pause}; done; exit 3`,
    prints: Buffer.from(Array.from({ length: count }, (_, b) => burst(b + 1)).join("")),
    echoes: false,
    commandOf: () => "",
    drive: async () => {},
  }
}
