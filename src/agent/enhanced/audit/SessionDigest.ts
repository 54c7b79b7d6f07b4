import { type LossKind, lossKinds, lossText } from "../internal/lossText.ts"
import { type Losses, noLosses, type ProbeRecord } from "../ProbeRecord.ts"
import { CommandDigest } from "./CommandDigest.ts"
import { ConnectionDigest } from "./ConnectionDigest.ts"
import { FileDigest } from "./FileDigest.ts"
import type { Told } from "./Told.ts"

const lossTypes: Record<LossKind, Told["type"]> = {
  commands: "session.command",
  files: "session.disk",
  connections: "session.network",
  processes: "session.command",
}

/** How often what was only counted is told. */
const summaryEveryMs = 60_000

/**
 * Makes of all that is seen of a session what the audit log is told: a bounded number of events a minute, and the number of
 * everything else. Plain and without a clock of its own; `nowMs` is Unix time.
 */
export class SessionDigest {
  readonly #commands: CommandDigest
  readonly #files: FileDigest
  readonly #connections: ConnectionDigest
  #losses: Losses = noLosses
  #summaryAtMs: number

  /** `timeOf`: an event's time in RFC 3339. */
  constructor(timeOf: (timeUs: number) => string, nowMs: number) {
    this.#commands = new CommandDigest(timeOf)
    this.#files = new FileDigest(timeOf)
    this.#connections = new ConnectionDigest(timeOf)
    this.#summaryAtMs = nowMs + summaryEveryMs
  }

  /** What is to be told at once. */
  hear(record: ProbeRecord, nowMs: number): ReadonlyArray<Told> {
    switch (record._tag) {
      case "Command":
        return this.#commands.hear(record.event, nowMs)
      case "File":
        return this.#files.hear(record.event, this.#commands.programOf(record.event.pid), nowMs)
      case "Connection":
        return this.#connections.hear(record.event, this.#commands.programOf(record.event.pid), nowMs)
      case "Lost":
        return this.#lost(record.losses)
      default:
        return []
    }
  }

  /** What is to be told by now; `all`: everything. */
  due(nowMs: number, all: boolean): ReadonlyArray<Told> {
    const told = [...this.#commands.due(nowMs, all), ...this.#connections.due(nowMs, all)]
    if (!all && nowMs < this.#summaryAtMs) return told
    this.#summaryAtMs = nowMs + summaryEveryMs
    return [...told, ...this.#commands.summary(), ...this.#files.summary(), ...this.#connections.summary()]
  }

  /** Whether `due` will have something to tell, without more being heard. */
  get waits(): boolean {
    return this.#commands.waits || this.#files.waits || this.#connections.waits
  }

  #lost(losses: Losses): ReadonlyArray<Told> {
    const told = lossKinds.flatMap((kind) => {
      const count = losses[kind] - this.#losses[kind]
      const detail = { lost: count, reason: lossText(kind) }
      return count > 0 ? [{ type: lossTypes[kind], detail }] : []
    })
    this.#losses = losses
    return told
  }
}
