import type { ConnectionAsked, ConnectionEvent, ConnectionOutcome } from "../../../domain/ConnectionEvent.ts"
import { AddressFamily } from "../../../domain/ConnectionEvent.ts"
import { outcomeName, resultName } from "../../../domain/ErrorName.ts"
import { baseName, type RawText } from "../../../domain/RawText.ts"
import { addressText, protocolName } from "../../../domain/SocketAddress.ts"
import { MinuteBudget } from "./MinuteBudget.ts"
import { Tally } from "./Tally.ts"
import type { Told } from "./Told.ts"

/** Told one by one in a minute. */
const perMinute = 120

/** A connection is told when its outcome is known, or as pending when it has not been for as long as this. */
const patienceMs = 2_000

/** Connections that may be in the making at once; of more, the oldest are told as pending. */
const mostPending = 2_048

interface Pending {
  readonly asked: ConnectionAsked
  readonly program: RawText
  readonly sinceMs: number
  told: boolean
}

/** Whom a session talks to, as the audit log is told: each connection once its outcome is known; a flood as counts. */
export class ConnectionDigest {
  readonly #pending = new Map<number, Pending>()
  readonly #budget = new MinuteBudget(perMinute)
  readonly #unlisted = new Tally()
  readonly #timeOf: (timeUs: number) => string

  /** `timeOf`: an event's time in RFC 3339. */
  constructor(timeOf: (timeUs: number) => string) {
    this.#timeOf = timeOf
  }

  /** `program`: the path of what the process runs, where that is known. */
  hear(event: ConnectionEvent, path: Uint8Array | undefined, nowMs: number): ReadonlyArray<Told> {
    const program = path === undefined ? event.name : baseName(path)
    if (event._tag === "Outcome") return this.#end(event, nowMs)
    if (event.error !== null) return this.#tell(nowMs, event, program, resultName(event.error))
    this.#pending.set(event.number, { asked: event, program, sinceMs: nowMs, told: false })
    return this.#tooMany(nowMs)
  }

  /** What is to be told by now; `all`: also of what began just now. */
  due(nowMs: number, all: boolean): ReadonlyArray<Told> {
    const due = [...this.#pending.values()].filter(
      ({ told, sinceMs }) => !told && (all || nowMs - sinceMs >= patienceMs),
    )
    return due.flatMap((pending) => {
      pending.told = true
      return this.#tell(nowMs, pending.asked, pending.program, "pending")
    })
  }

  /** Whether something waits to be told. */
  get waits(): boolean {
    for (const { told } of this.#pending.values()) if (!told) return true
    return !this.#unlisted.isEmpty
  }

  /** How many were not told one by one since the last time; nothing where none. */
  summary(): ReadonlyArray<Told> {
    if (this.#unlisted.isEmpty) return []
    const { count, names } = this.#unlisted.take()
    return [{ type: "session.network", detail: { summary: true, unlisted: count, programs: names } }]
  }

  #end({ number, error, localPort }: ConnectionOutcome, nowMs: number): ReadonlyArray<Told> {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    if (pending === undefined) return []
    const result = outcomeName(error, "unknown")
    return this.#tell(nowMs, pending.asked, pending.program, result, localPort)
  }

  #tell(
    nowMs: number,
    asked: ConnectionAsked,
    program: RawText,
    result: string,
    localPort?: number,
  ): ReadonlyArray<Told> {
    if (!this.#budget.take(nowMs)) {
      this.#unlisted.add(program)
      return []
    }
    const address = addressText(asked)
    const where =
      asked.family === AddressFamily.Unix
        ? { address, path: address }
        : { address, port: asked.port, ...(localPort === undefined ? {} : { local_port: localPort }) }
    const detail = {
      program,
      pid: asked.pid,
      way: asked.way,
      protocol: protocolName(asked),
      ...where,
      result,
      asked_at: this.#timeOf(asked.timeUs),
    }
    return [{ type: "session.network", detail }]
  }

  #tooMany(nowMs: number): ReadonlyArray<Told> {
    const [oldest] = this.#pending.values()
    if (this.#pending.size <= mostPending || oldest === undefined) return []
    this.#pending.delete(oldest.asked.number)
    return oldest.told ? [] : this.#tell(nowMs, oldest.asked, oldest.program, "pending")
  }
}
