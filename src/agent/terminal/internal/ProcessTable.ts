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
/** Between two looks it rests for so many times as long as the last one took, however many wait for processes to end. */
const restFactor = 2
/** Who waits for the memory of a process that hangs in the kernel may wait for ever. */
const longestReadMs = 200

const nameOf = ({ pid, startedAt }: ProcessStat): string => `${pid} ${startedAt}`

/** What marks the processes of an audit session (`/proc/PID/sessionid`). */
export const auditMark = (sessionId: string): string => `audit session ${sessionId}`

/** Fields of proc(5)'s stat; the name before them may hold anything, also parentheses. None for one that is dead. */
const parseStat = (pid: number, stat: string): ReadonlyArray<ProcessStat> => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state = "", parent = "", group = "", session = ""] = fields
  if (state === "Z" || state === "X") return []
  return [{ pid, parent: Number(parent), group: Number(group), session: Number(session), startedAt: fields[19] ?? "" }]
}

/** Nothing of a process that has ended since it was listed, or is not this user's to look into. */
const orNothing = () => ""

/** Here, for the kernel answers out of its own tables at once: to have another thread ask costs more. */
const statOf = (pid: number): ReadonlyArray<ProcessStat> => {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, "latin1"))
  } catch {
    return []
  }
}

/** What is read of a process's memory may keep its reader waiting: not this thread. */
const read = (pid: number, file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "latin1").catch(orNothing)

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
    const sinceMs = performance.now()
    const all: Array<ProcessStat> = []
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    for (let from = 0; from < pids.length; from += atOnce) {
      const some = pids.slice(from, from + atOnce).flatMap((pid) => statOf(Number(pid)))
      all.push(...some)
      await this.#learn(some)
    }
    const byMark = this.#byMark(all)
    const endMs = performance.now()
    this.#restUntilMs = endMs + (endMs - sinceMs) * restFactor
    return { all, marked: (mark) => byMark.get(mark) ?? [] }
  }

  /** Looks into those that it does not know. One that can't be read now is looked into again. */
  async #learn(some: ReadonlyArray<ProcessStat>): Promise<void> {
    const learnt = some
      .filter((one) => !this.#marks.has(nameOf(one)))
      .map(async (one) => {
        const [environment, auditSession] = await Promise.all([read(one.pid, "environ"), read(one.pid, "sessionid")])
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
