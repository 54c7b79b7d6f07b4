import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"

const holds = (pid: string, path: string): boolean =>
  readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path
    } catch {
      // It was closed since it was listed.
      return false
    }
  })

/**
 * Whether the process that signed the directory's lock lives and has it open still. The lock itself is not tried: a program
 * that starts at that moment would take it for somebody's.
 */
export const directoryIsInUse = (directory: string): Effect.Effect<boolean> =>
  Effect.sync(() => {
    try {
      const path = realpathSync(join(directory, "lock"))
      return holds(readFileSync(path, "latin1").trim(), path)
    } catch {
      return false
    }
  })
