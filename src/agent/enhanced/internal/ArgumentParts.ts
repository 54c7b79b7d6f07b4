import { EventLimits } from "../../../recording/Limits.ts"
import { ProbeFault } from "../ProbeFault.ts"
import type { RawRecord } from "./RawRecord.ts"

interface Parts {
  readonly session: number
  /** The probe gives the parts and the command itself the same. */
  readonly timeUs: number
  readonly parts: Array<Buffer>
  bytes: number
}

/**
 * Bytes that may wait for their commands, of all processes together: no processor tells of two commands at once, so that what
 * is older belongs to commands that found no room.
 */
const mostBytes = 64 * 1024 * 1024

/** Processes may be executing at once; of more, those that have not told their command are taken for lost. */
const mostProcesses = 1024

/** The arguments of commands, which the probe tells in parts before the commands themselves. */
export class ArgumentParts {
  readonly #processes = new Map<number, Parts>()
  #bytes = 0

  /** What waits for its command, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  add(raw: RawRecord): void {
    const at = raw.detail(0)
    if (at === 0) this.#begin(raw)
    const process = this.#processes.get(raw.pid)
    // One before it found no room: what comes after a hole is of no use.
    if (process === undefined || process.timeUs !== raw.timeUs || process.bytes !== at) return
    const part = Buffer.from(raw.data(0))
    process.bytes += part.length
    this.#bytes += part.length
    if (process.bytes > EventLimits.allArguments) throw new ProbeFault("arguments of more than 2 MiB")
    process.parts.push(part)
    this.#makeRoom()
  }

  /** The arguments of this command, up to the first part that is missing. */
  take(raw: RawRecord): Buffer {
    const process = this.#remove(raw.pid)
    // Where the first part is missing, what is there is that of a command before it.
    return process?.timeUs === raw.timeUs ? Buffer.concat(process.parts) : Buffer.alloc(0)
  }

  /** Those of a session of which nothing more comes. */
  forget(session: number): void {
    for (const [pid, process] of this.#processes) if (process.session === session) this.#remove(pid)
  }

  #begin({ pid, session, timeUs }: RawRecord): void {
    this.#remove(pid)
    this.#processes.set(pid, { session, timeUs, parts: [], bytes: 0 })
  }

  #makeRoom(): void {
    while (this.#processes.size > mostProcesses || this.#bytes > mostBytes) {
      const [oldest] = this.#processes.keys()
      if (oldest === undefined) return
      this.#remove(oldest)
    }
  }

  #remove(pid: number): Parts | undefined {
    const process = this.#processes.get(pid)
    this.#processes.delete(pid)
    this.#bytes -= process?.bytes ?? 0
    return process
  }
}
