import type { Random } from "../Random.ts"
import type { Traces, Workload } from "./Workload.ts"
import { think, untilShown } from "./waiting.ts"

/**
 * A login shell, and commands that are typed at it, each of which leaves a mark. `ahead`: the next is typed without waiting
 * for the one before it.
 */
export const typedShell = (
  random: Random,
  traces: Traces,
  options: { terminal: boolean; ahead: boolean },
): Workload => {
  const enter = options.terminal ? "\r" : "\n"
  const { key, pidFile, markFile } = traces
  const commandOf = (mark: string) => `echo ${mark} >>${markFile}; echo tok''${mark}-${key}`
  return {
    name: options.ahead ? "typed ahead" : "typed",
    command: undefined,
    prints: undefined,
    echoes: false,
    commandOf,
    drive: async (driven) => {
      driven.type(`echo $$ >${pidFile}${enter}`)
      for (let mark = 1; driven.running && !driven.isOver(); mark++) {
        driven.type(`${commandOf(`${mark}`)}${enter}`)
        if (!options.ahead) await untilShown(driven, `tok${mark}-${key}`)
        await think(random.integer(options.ahead ? 30 : 0, 150))
      }
      driven.type(`exit 7${enter}`)
    },
  }
}
