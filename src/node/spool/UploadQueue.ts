import { Duration } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { reconnectDelay } from "../hub/ReconnectDelay.ts"
import type { SpooledRecording } from "./Spool.ts"

interface Pending {
  readonly failures: number
  readonly dueMs: number
}

/**
 * Which recordings are brought to the hub next: so many at a time, each that failed again after a while of its own, so that
 * none holds up another. Times are milliseconds of a clock that only goes forward.
 */
export class UploadQueue {
  readonly #atOnce: number
  readonly #pending = new Map<SessionId, Pending>()
  readonly #active = new Set<SessionId>()

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Takes those that are due, the longest due first, as far as there is room; each is to be given back by `done` or `failed`. */
  take(waiting: ReadonlyArray<SpooledRecording>, nowMs: number): ReadonlyArray<SpooledRecording> {
    const there = new Set(waiting.map(({ sessionId }) => sessionId))
    for (const sessionId of this.#pending.keys()) if (!there.has(sessionId)) this.#pending.delete(sessionId)
    for (const sessionId of there) {
      if (!this.#pending.has(sessionId)) this.#pending.set(sessionId, { failures: 0, dueMs: nowMs })
    }
    const dueMs = ({ sessionId }: SpooledRecording) => this.#pending.get(sessionId)?.dueMs ?? nowMs
    const taken = waiting
      .filter((recording) => !this.#active.has(recording.sessionId) && dueMs(recording) <= nowMs)
      .sort((one, other) => dueMs(one) - dueMs(other))
      .slice(0, Math.max(0, this.#atOnce - this.#active.size))
    for (const { sessionId } of taken) this.#active.add(sessionId)
    return taken
  }

  done({ sessionId }: SpooledRecording): void {
    this.#active.delete(sessionId)
    this.#pending.delete(sessionId)
  }

  /** It is tried again: gives when, and how often it has failed by now. `random` is in [0, 1). */
  failed({ sessionId }: SpooledRecording, nowMs: number, random: number): Pending {
    this.#active.delete(sessionId)
    const before = this.#pending.get(sessionId)?.failures ?? 0
    const dueMs = nowMs + Duration.toMillis(reconnectDelay(before, random))
    const pending = { failures: before + 1, dueMs }
    this.#pending.set(sessionId, pending)
    return pending
  }

  /** Whatever failed is due again. */
  hubIsBack(): void {
    for (const [sessionId, { failures }] of this.#pending) this.#pending.set(sessionId, { failures, dueMs: 0 })
  }

  /** Whether none is under way, and none is due. */
  isQuiet(nowMs: number): boolean {
    return this.#active.size === 0 && [...this.#pending.values()].every(({ dueMs }) => dueMs > nowMs)
  }

  /** When the next one can be taken; infinite where that needs another one's end, or there is none. */
  get nextDueMs(): number {
    if (this.#active.size >= this.#atOnce) return Number.POSITIVE_INFINITY
    let next = Number.POSITIVE_INFINITY
    for (const [sessionId, { dueMs }] of this.#pending) if (!this.#active.has(sessionId)) next = Math.min(next, dueMs)
    return next
  }
}
