import { readdirSync, readFileSync } from "node:fs"

/** A process that lives, as proc(5) tells of it. */
export interface LiveProcess {
  readonly pid: number
  readonly parent: number
  /** The process that leads its session: of a recorded session, its shell. */
  readonly session: number
}

const read = (pid: string): ReadonlyArray<LiveProcess> => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    const [state = "", parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    if (state === "Z" || state === "X") return []
    return [{ pid: Number(pid), parent: Number(parent), session: Number(session) }]
  } catch {
    // It ended since it was listed.
    return []
  }
}

/** All processes of this machine that live. */
export const liveProcesses = (): ReadonlyArray<LiveProcess> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap(read)

/** The processes of a session, by the process that leads or led it. */
export const processesOf = (leader: number): ReadonlyArray<LiveProcess> =>
  liveProcesses().filter(({ session }) => session === leader)

/** The words that a process was started with; empty where it has ended. */
export const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}
