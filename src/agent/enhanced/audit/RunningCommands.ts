import type { CommandStarted } from "../../../domain/CommandEvent.ts"
import { tellableArguments } from "./toldArguments.ts"

/** A command that has not ended yet. */
export interface RunningCommand {
  /** Without its arguments beyond what can be told. */
  readonly started: CommandStarted
  readonly sinceMs: number
  told: boolean
}

/** Commands that may be remembered at once, and what they may have of memory, in bytes. */
const most = 2_048
const mostBytes = 4 * 1024 * 1024

const bytesOf = ({ started }: RunningCommand): number =>
  started.arguments.length + started.program.length + started.directory.length

/** The commands that a session runs at this moment, by their processes; of too many, the oldest are forgotten. */
export class RunningCommands {
  readonly #commands = new Map<number, RunningCommand>()
  #bytes = 0

  get all(): ReadonlyArray<RunningCommand> {
    return [...this.#commands.values()]
  }

  get(pid: number): RunningCommand | undefined {
    return this.#commands.get(pid)
  }

  /** Whether one of them is still to be told. */
  get waits(): boolean {
    for (const { told } of this.#commands.values()) if (!told) return true
    return false
  }

  /** Gives those that had to be forgotten for it. */
  add(command: CommandStarted, nowMs: number): ReadonlyArray<RunningCommand> {
    const { pid } = command
    this.remove(pid)
    const started = { ...command, file: new Uint8Array(0), arguments: tellableArguments(command.arguments) }
    const running = { started, sinceMs: nowMs, told: false }
    this.#commands.set(pid, running)
    this.#bytes += bytesOf(running)
    return [...this.#overdue()]
  }

  remove(pid: number): RunningCommand | undefined {
    const running = this.#commands.get(pid)
    this.#commands.delete(pid)
    if (running !== undefined) this.#bytes -= bytesOf(running)
    return running
  }

  *#overdue(): Generator<RunningCommand> {
    for (const [pid, running] of this.#commands) {
      if (this.#commands.size <= most && this.#bytes <= mostBytes) return
      this.remove(pid)
      yield running
    }
  }
}
