import { EventLimits } from "../../../recording/Limits.ts"
import { ProbeFault } from "../ProbeFault.ts"
import type { RawRecord } from "./RawRecord.ts"

interface Parts {
  readonly session: number
  readonly parts: Array<Buffer>
  bytes: number
}

/** Processes may be executing at once; of more, those that have not told their command are taken for lost. */
const mostProcesses = 1024

/** The arguments of commands, which the probe tells in parts before the commands themselves. */
export class ArgumentParts {
  readonly #processes = new Map<number, Parts>()

  add(raw: RawRecord): void {
    const at = raw.detail(0)
    if (at === 0) this.#begin(raw)
    const process = this.#processes.get(raw.pid)
    // One before it found no room: what comes after a hole is of no use.
    if (process === undefined || process.bytes !== at) return
    const part = Buffer.from(raw.data(0))
    process.bytes += part.length
    if (process.bytes > EventLimits.allArguments) throw new ProbeFault("arguments of more than 2 MiB")
    process.parts.push(part)
  }

  /** The arguments of this command, up to the first part that is missing. */
  take(raw: RawRecord): Buffer {
    const process = this.#processes.get(raw.pid)
    this.#processes.delete(raw.pid)
    return process === undefined ? Buffer.alloc(0) : Buffer.concat(process.parts)
  }

  /** Those of a session of which nothing more comes. */
  forget(session: number): void {
    for (const [pid, process] of this.#processes) if (process.session === session) this.#processes.delete(pid)
  }

  #begin({ pid, session }: RawRecord): void {
    this.#processes.delete(pid)
    const [oldest] = this.#processes.keys()
    if (this.#processes.size >= mostProcesses && oldest !== undefined) this.#processes.delete(oldest)
    this.#processes.set(pid, { session, parts: [], bytes: 0 })
  }
}
