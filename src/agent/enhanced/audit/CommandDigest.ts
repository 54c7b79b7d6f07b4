import { constants } from "node:os"
import type { CommandEvent, CommandRefused, CommandStarted } from "../../../domain/CommandEvent.ts"
import { resultName } from "../../../domain/ErrorName.ts"
import { baseName } from "../../../domain/RawText.ts"
import type { Exit } from "../../../domain/SessionEnd.ts"
import { MinuteBudget } from "./MinuteBudget.ts"
import { type RunningCommand, RunningCommands } from "./RunningCommands.ts"
import { Tally } from "./Tally.ts"
import type { Told } from "./Told.ts"
import { toldArguments } from "./toldArguments.ts"
import { toldPath } from "./toldPath.ts"

/** Told one by one in a minute. */
const perMinute = 300

/** A command is told when it ends, or while it runs once it has done so for as long as this. */
const patienceMs = 2_000

/** A program that was looked for along PATH, and not there. */
const { ENOENT } = constants.errno

type State =
  | { readonly status: "running" | "replaced" }
  | { readonly status: "exited"; readonly exit: Exit; readonly endedUs: number }

const exitDetail = (exit: Exit) =>
  exit._tag === "Code" ? { exit_code: exit.code, exit_signal: null } : { exit_code: null, exit_signal: exit.signal }

/** What a session runs, as the audit log is told: each command once it has ended or has run for a while; a flood as counts. */
export class CommandDigest {
  readonly #running = new RunningCommands()
  readonly #budget = new MinuteBudget(perMinute)
  readonly #timeOf: (timeUs: number) => string
  readonly #tally = new Tally()
  #notFound = 0

  /** `timeOf`: an event's time in RFC 3339. */
  constructor(timeOf: (timeUs: number) => string) {
    this.#timeOf = timeOf
  }

  /** The program that a process runs; none where it has started none since the session began. */
  programOf(pid: number): Uint8Array | undefined {
    return this.#running.get(pid)?.started.program
  }

  hear(event: CommandEvent, nowMs: number): ReadonlyArray<Told> {
    switch (event._tag) {
      case "Refused":
        return this.#hearRefused(event, nowMs)
      case "Ended": {
        const before = this.#running.remove(event.pid)
        const state = { status: "exited", exit: event.exit, endedUs: event.timeUs } as const
        return before === undefined ? [] : this.#end(before, nowMs, state)
      }
      case "Started": {
        const before = this.#running.remove(event.pid)
        const replaced = before === undefined || before.told ? [] : this.#end(before, nowMs, { status: "replaced" })
        return [...replaced, ...this.#tellRunning(this.#running.add(event, nowMs), nowMs)]
      }
    }
  }

  /** What is to be told by now; `all`: also of what was started just now. */
  due(nowMs: number, all: boolean): ReadonlyArray<Told> {
    const due = this.#running.all.filter(({ sinceMs }) => all || nowMs - sinceMs >= patienceMs)
    return this.#tellRunning(due, nowMs)
  }

  /** Whether something waits to be told. */
  get waits(): boolean {
    return this.#running.waits || this.#notFound > 0 || !this.#tally.isEmpty
  }

  /** How many were not told one by one since the last time; nothing where none. */
  summary(): ReadonlyArray<Told> {
    if (this.#tally.isEmpty && this.#notFound === 0) return []
    const { count, names } = this.#tally.take()
    const detail = { summary: true, unlisted: count, programs: names, not_found: this.#notFound }
    this.#notFound = 0
    return [{ type: "session.command", detail }]
  }

  /** Those that are still to be told. */
  #tellRunning(all: ReadonlyArray<RunningCommand>, nowMs: number): ReadonlyArray<Told> {
    return all.flatMap((running) => {
      if (running.told) return []
      running.told = true
      return this.#end(running, nowMs, { status: "running" })
    })
  }

  #hearRefused(event: CommandRefused, nowMs: number): ReadonlyArray<Told> {
    if (event.error !== ENOENT) return this.#tell(nowMs, baseName(event.file), () => this.#refused(event))
    this.#notFound += 1
    return []
  }

  #end({ started }: RunningCommand, nowMs: number, state: State): ReadonlyArray<Told> {
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
    const [program, directory] = [toldPath(started.program), toldPath(started.directory)]
    return {
      program: baseName(started.program),
      path: program.text,
      argv,
      argv_bytes: started.argumentsBytes,
      argv_truncated: truncated || started.arguments.length < started.argumentsBytes,
      directory: directory.text,
      cut: started.cut || program.isCut || directory.isCut,
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
      path: toldPath(file).text,
      directory: toldPath(directory).text,
      pid,
      started_at: this.#timeOf(timeUs),
      status: "refused",
      result: resultName(error),
    }
  }
}
