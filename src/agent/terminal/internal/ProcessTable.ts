import { readdirSync, readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { setImmediate, setTimeout } from "node:timers/promises"
import { Effect } from "effect"

/** What proc(5) says of a process that lives. */
export interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
  /** Clock ticks since the machine's start; with the pid it names a process for good. */
  readonly startedAt: string
}

/** All processes of the machine at a moment. */
export interface Snapshot {
  readonly all: ReadonlyArray<ProcessStat>
  /** Those with that variable (`NAME=VALUE`) in their environment, or with that `auditMark`. */
  readonly marked: (mark: string) => ReadonlyArray<ProcessStat>
}

/** As many are looked at before something else has its turn. */
const atOnce = 100
/** Between two looks others have the thread for so many times as long as the last one had it, within reason. */
const restFactor = 2
const longestRestMs = 50
/** Who waits for the memory of a process that hangs in the kernel may wait for ever. */
const longestReadMs = 200

const nameOf = ({ pid, startedAt }: ProcessStat): string => `${pid} ${startedAt}`

/** What marks the processes of an audit session (`/proc/PID/sessionid`). */
export const auditMark = (sessionId: string): string => `audit session ${sessionId}`

/** Fields of proc(5)'s stat; the name before them may hold anything, also parentheses. None for one that is dead. */
const parseStat = (pid: number, stat: string): ReadonlyArray<ProcessStat> => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state = "", parent = "", group = "", session = ""] = fields
  if (state === "" || state === "Z" || state === "X") return []
  return [{ pid, parent: Number(parent), group: Number(group), session: Number(session), startedAt: fields[19] ?? "" }]
}

/** What there is to read of a process that has ended since it was listed, or is not this user's to look into. */
const nothing = ""

/** Here, for the kernel answers out of its own tables at once: to have another thread ask costs more. */
const readAtOnce = (pid: number, file: "stat" | "sessionid"): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1")
  } catch {
    return nothing
  }
}

/** It is in the process's memory, whose reader may be kept waiting: not this thread. */
const readEnvironment = (pid: number): Promise<string> =>
  readFile(`/proc/${pid}/environ`, "latin1").catch(() => nothing)

/** Looks at all processes of the machine, once for all who want to know at the same time. */
export class ProcessTable {
  readonly #variable: string
  /** By pid and start: each process is looked into once, for what it was born with it keeps. */
  readonly #marks = new Map<string, ReadonlyArray<string>>()
  #next: Promise<Snapshot> | undefined
  #last: Promise<unknown> = Promise.resolve()
  #restUntilMs = 0

  /** `variable`: the name of the variables that are marks. */
  constructor(variable: string) {
    this.#variable = variable
  }

  /** A look that begins after it was asked for. */
  readonly look: Effect.Effect<Snapshot> = Effect.promise(() => {
    this.#next ??= this.#lookInTurn()
    return this.#next
  })

  async #lookInTurn(): Promise<Snapshot> {
    await this.#last
    await setTimeout(this.#restUntilMs - performance.now())
    this.#next = undefined
    const looking = this.#look()
    this.#last = looking.catch(() => undefined)
    return looking
  }

  async #look(): Promise<Snapshot> {
    const all: Array<ProcessStat> = []
    let busyMs = 0
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    for (let from = 0; from < pids.length; from += atOnce) {
      const sinceMs = performance.now()
      const some = pids
        .slice(from, from + atOnce)
        .flatMap((pid) => parseStat(Number(pid), readAtOnce(Number(pid), "stat")))
      all.push(...some)
      busyMs += performance.now() - sinceMs
      await this.#learn(some)
    }
    const byMark = this.#byMark(all)
    this.#restUntilMs = performance.now() + Math.min(busyMs * restFactor, longestRestMs)
    return { all, marked: (mark) => byMark.get(mark) ?? [] }
  }

  /** Looks into those that it does not know. One that can't be read now is looked into again. */
  async #learn(some: ReadonlyArray<ProcessStat>): Promise<void> {
    const learnt = some
      .filter((one) => !this.#marks.has(nameOf(one)))
      .map(async (one) => {
        const auditSession = readAtOnce(one.pid, "sessionid")
        const environment = await readEnvironment(one.pid)
        const marks = environment.split("\0").filter((variable) => variable.startsWith(`${this.#variable}=`))
        this.#marks.set(nameOf(one), auditSession === "" ? marks : [...marks, auditMark(auditSession)])
      })
    // Others have their turn here, also where nothing is to be read.
    if (learnt.length === 0) await setImmediate()
    else await Promise.race([Promise.all(learnt), setTimeout(longestReadMs, undefined, { ref: false })])
  }

  #byMark(all: ReadonlyArray<ProcessStat>): ReadonlyMap<string, ReadonlyArray<ProcessStat>> {
    const byMark = new Map<string, Array<ProcessStat>>()
    const known = new Map(this.#marks)
    this.#marks.clear()
    for (const one of all) {
      const marks = known.get(nameOf(one))
      if (marks === undefined) continue
      this.#marks.set(nameOf(one), marks)
      for (const mark of marks) {
        const same = byMark.get(mark)
        if (same === undefined) byMark.set(mark, [one])
        else same.push(one)
      }
    }
    return byMark
  }
}
