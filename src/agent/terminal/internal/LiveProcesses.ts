import { readdir, readFile } from "node:fs/promises"
import { Effect } from "effect"
import type { ProcessSession, SessionMarks } from "./sessionProcesses.ts"

interface ProcessStat {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
  /** Clock ticks since the machine's start; with the pid it names a process for good. */
  readonly startedAt: string
}

/** Fields of proc(5)'s stat; the name before them may hold anything, also parentheses. None for one that is dead. */
const parseStat = (pid: number, stat: string): ReadonlyArray<ProcessStat> => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state = "", parent = "", group = "", session = ""] = fields
  if (state === "Z" || state === "X") return []
  const startedAt = fields[19] ?? ""
  return [{ pid, parent: Number(parent), group: Number(group), session: Number(session), startedAt }]
}

/** What /proc says of a process; nothing of one that has ended since it was listed, or is not this user's to look into. */
const read = (pid: number, file: string): Effect.Effect<string> =>
  Effect.orElseSucceed(
    Effect.tryPromise(() => readFile(`/proc/${pid}/${file}`, "latin1")),
    () => "",
  )

const running = Effect.gen(function* () {
  const names = yield* Effect.promise(() => readdir("/proc"))
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const stat = (pid: number) => Effect.map(read(pid, "stat"), (text) => (text === "" ? [] : parseStat(pid, text)))
  return (yield* Effect.forEach(pids, stat, { concurrency: 8 })).flat()
})

/** Finds the processes of a session, again and again. */
export class LiveProcesses {
  readonly #session: ProcessSession
  /** Whether a process bears a mark, by its pid and start: it is looked up once. */
  readonly #marked = new Map<string, boolean>()

  constructor(session: ProcessSession) {
    this.#session = session
  }

  /** The process groups that live: of the kernel's session; and where there are marks, of those that bear one, and their children. */
  readonly groups: Effect.Effect<ReadonlyArray<number>> = Effect.suspend(() =>
    Effect.gen(this, function* () {
      const all = yield* running
      const { leader, reaped } = this.#session
      const reused = reaped() && all.some(({ pid }) => pid === leader)
      const members = leader === undefined || reused ? [] : all.filter(({ session }) => session === leader)
      const others = this.#session.marks === undefined ? [] : yield* this.#leftIt(this.#session.marks, all, members)
      return [...new Set([...members, ...others].map(({ group }) => group))]
    }),
  )

  #leftIt(marks: SessionMarks, all: ReadonlyArray<ProcessStat>, members: ReadonlyArray<ProcessStat>) {
    return Effect.gen(this, function* () {
      const marked = yield* Effect.filter(all, (one) => this.#isMarked(marks, one), { concurrency: 8 })
      const found = new Set([...members, ...marked])
      const pids = new Set([...found].map(({ pid }) => pid))
      // A set is walked on over what is added meanwhile: children of children too.
      for (const { pid: parent } of found) {
        for (const child of all) {
          if (child.parent !== parent || pids.has(child.pid)) continue
          pids.add(child.pid)
          found.add(child)
        }
      }
      return [...found].filter(({ pid }) => pid !== process.pid)
    })
  }

  #isMarked({ environment, auditSession }: SessionMarks, { pid, startedAt }: ProcessStat): Effect.Effect<boolean> {
    const name = `${pid} ${startedAt}`
    const known = this.#marked.get(name)
    if (known !== undefined) return Effect.succeed(known)
    return Effect.gen(this, function* () {
      const isMarked =
        (auditSession?.id !== undefined && (yield* read(pid, "sessionid")) === auditSession.id) ||
        (yield* read(pid, "environ")).split("\0").includes(environment)
      this.#marked.set(name, isMarked)
      return isMarked
    })
  }
}
