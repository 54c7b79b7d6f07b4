import type { CommandEvent, CommandRefused, CommandStarted } from "../../../domain/CommandEvent.ts"
import { resultName } from "../../../domain/ErrorName.ts"
import { baseName } from "../../../domain/RawText.ts"
import type { Exit } from "../../../domain/SessionEnd.ts"
import { MinuteBudget } from "./MinuteBudget.ts"
import { Tally } from "./Tally.ts"
import { type Told, toldPath } from "./Told.ts"
import { toldArguments } from "./toldArguments.ts"

/** Told one by one in a minute. */
const perMinute = 300

/** A command is told when it ends, or while it runs once it has done so for as long as this. */
const patienceMs = 2_000

/** Commands that may run at once; of more, the oldest are told as running, and not when they end. */
const mostRunning = 2_048

interface Running {
  readonly started: CommandStarted
  readonly sinceMs: number
  told: boolean
}

type State =
  | { readonly status: "running" | "replaced" }
  | { readonly status: "exited"; readonly exit: Exit; readonly endedUs: number }

const exitDetail = (exit: Exit) =>
  exit._tag === "Code" ? { exit_code: exit.code, exit_signal: null } : { exit_code: null, exit_signal: exit.signal }

/** What a session runs, as the audit log is told: each command once it has ended or has run for a while; a flood as counts. */
export class CommandDigest {
  readonly #running = new Map<number, Running>()
  readonly #budget = new MinuteBudget(perMinute)
  readonly #timeOf: (timeUs: number) => string
  readonly #tally = new Tally()

  /** `timeOf`: an event's time in RFC 3339. */
  constructor(timeOf: (timeUs: number) => string) {
    this.#timeOf = timeOf
  }

  /** The program that a process runs; none where it has started none since the session began. */
  programOf(pid: number): Uint8Array | undefined {
    return this.#running.get(pid)?.started.program
  }

  hear(event: CommandEvent, nowMs: number): ReadonlyArray<Told> {
    if (event._tag === "Refused") return this.#tell(nowMs, baseName(event.file), () => this.#refused(event))
    const before = this.#running.get(event.pid)
    this.#running.delete(event.pid)
    if (event._tag === "Ended") {
      return before === undefined
        ? []
        : this.#end(before, nowMs, { status: "exited", exit: event.exit, endedUs: event.timeUs })
    }
    const replaced = before === undefined || before.told ? [] : this.#end(before, nowMs, { status: "replaced" })
    this.#running.set(event.pid, { started: event, sinceMs: nowMs, told: false })
    return [...replaced, ...this.#tooMany(nowMs)]
  }

  /** What is to be told by now; `all`: also of what was started just now. */
  due(nowMs: number, all: boolean): ReadonlyArray<Told> {
    const due = [...this.#running.values()].filter(
      ({ told, sinceMs }) => !told && (all || nowMs - sinceMs >= patienceMs),
    )
    return due.flatMap((running) => {
      running.told = true
      return this.#end(running, nowMs, { status: "running" })
    })
  }

  /** Whether something waits to be told. */
  get waits(): boolean {
    for (const { told } of this.#running.values()) if (!told) return true
    return !this.#tally.isEmpty
  }

  /** How many were not told one by one since the last time; nothing where none. */
  summary(): ReadonlyArray<Told> {
    if (this.#tally.isEmpty) return []
    const { count, names } = this.#tally.take()
    return [{ type: "session.command", detail: { summary: true, unlisted: count, programs: names } }]
  }

  #end({ started }: Running, nowMs: number, state: State): ReadonlyArray<Told> {
    return this.#tell(nowMs, baseName(started.program), () => this.#detail(started, state))
  }

  #tell(nowMs: number, name: ReturnType<typeof baseName>, detail: () => Told["detail"]): ReadonlyArray<Told> {
    if (this.#budget.take(nowMs)) return [{ type: "session.command", detail: detail() }]
    this.#tally.add(name)
    return []
  }

  #detail(started: CommandStarted, state: State): Told["detail"] {
    const { argv, truncated } = toldArguments(started.arguments)
    const exited = state.status === "exited"
    return {
      program: baseName(started.program),
      path: toldPath(started.program),
      argv,
      argv_bytes: started.argumentsBytes,
      argv_truncated: truncated || started.arguments.length < started.argumentsBytes,
      directory: toldPath(started.directory),
      pid: started.pid,
      parent_pid: started.parentPid,
      uid: started.uid,
      effective_uid: started.effectiveUid,
      started_at: this.#timeOf(started.timeUs),
      status: state.status,
      ...(exited ? exitDetail(state.exit) : { exit_code: null, exit_signal: null }),
      duration_ms: exited ? Math.max(0, Math.round((state.endedUs - started.timeUs) / 1000)) : null,
    }
  }

  #refused({ file, directory, error, pid, timeUs }: CommandRefused): Told["detail"] {
    return {
      program: baseName(file),
      path: toldPath(file),
      directory: toldPath(directory),
      pid,
      started_at: this.#timeOf(timeUs),
      status: "refused",
      result: resultName(error),
    }
  }

  #tooMany(nowMs: number): ReadonlyArray<Told> {
    const [oldest] = this.#running.values()
    if (this.#running.size <= mostRunning || oldest === undefined) return []
    this.#running.delete(oldest.started.pid)
    return oldest.told ? [] : this.#end(oldest, nowMs, { status: "running" })
  }
}
