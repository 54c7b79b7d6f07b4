import type { CommandEvent, CommandStarted } from "../domain/CommandEvent.ts"
import type { CommandPart } from "./CommandPayload.ts"
import { EventLimits } from "./Limits.ts"

interface Growing {
  readonly started: CommandStarted
  readonly parts: Array<Uint8Array>
  bytes: number
}

const whole = ({ started, parts }: Growing): CommandStarted =>
  parts.length === 1 ? started : { ...started, arguments: Buffer.concat(parts) }

const wanted = ({ argumentsBytes }: CommandStarted): number => Math.min(argumentsBytes, EventLimits.allArguments)

/**
 * Puts commands together whose arguments go on in later frames. A command is given out once its arguments are whole, or once
 * it is clear that they never will be: with the next thing that its process does, or at the end. Holds at most as much as
 * the arguments of 64 commands.
 */
export class CommandJoiner {
  readonly #growing = new Map<number, Growing>()

  /** What is whole now, in its order. */
  add(part: CommandPart): ReadonlyArray<CommandEvent> {
    const before = this.#growing.get(part.pid)
    if (part._tag === "Arguments") return before === undefined ? [] : this.#grow(before, part.arguments)
    const given = before === undefined ? [] : [this.#give(before)]
    if (part._tag !== "Started" || part.arguments.length >= wanted(part)) return [...given, part]
    this.#growing.set(part.pid, { started: part, parts: [part.arguments], bytes: part.arguments.length })
    return [...given, ...this.#overdue()]
  }

  /** Those that are still not whole. */
  end(): ReadonlyArray<CommandEvent> {
    return [...this.#growing.values()].map((growing) => this.#give(growing))
  }

  #grow(growing: Growing, part: Uint8Array): ReadonlyArray<CommandEvent> {
    growing.parts.push(part.subarray(0, EventLimits.allArguments - growing.bytes))
    growing.bytes += part.length
    return growing.bytes >= wanted(growing.started) ? [this.#give(growing)] : []
  }

  #give(growing: Growing): CommandStarted {
    this.#growing.delete(growing.started.pid)
    return whole(growing)
  }

  #overdue(): ReadonlyArray<CommandEvent> {
    const [oldest] = this.#growing.values()
    return this.#growing.size > 64 && oldest !== undefined ? [this.#give(oldest)] : []
  }
}
