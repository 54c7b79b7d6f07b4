import { Deferred, Effect, FiberId } from "effect"
import type { ProbeRecord } from "../ProbeRecord.ts"

/** Hears what the probe tells of one session, in the callback that brings it. */
export type ProbeListener = (record: ProbeRecord) => void

/** What somebody waits for; of a session where it is about one. */
export type ProbeAnswer = "Ready" | `${"Tracked" | "Synced"} ${number}`

/** Brings what the probe tells to whom it concerns: sessions, and those who wait for an answer. */
export class ProbeRouter {
  readonly #listeners = new Map<number, ProbeListener>()
  readonly #answers = new Map<ProbeAnswer, Deferred.Deferred<number>>()

  /** Until the session has ended, or `forget`. */
  listen(session: number, listener: ProbeListener): void {
    this.#listeners.set(session, listener)
  }

  forget(session: number): void {
    this.#listeners.delete(session)
  }

  /** Completes with the answer's error, 0 where all is well; of `Ready` with its version. To be asked for before it can come. */
  answer(answer: ProbeAnswer): Effect.Effect<number> {
    const waiting = this.#answers.get(answer) ?? Deferred.unsafeMake<number>(FiberId.none)
    this.#answers.set(answer, waiting)
    return Deferred.await(waiting)
  }

  hear(record: ProbeRecord): void {
    if (record._tag === "Ready") {
      this.#give("Ready", record.version)
      return
    }
    this.#listeners.get(record.session)?.(record)
    if (record._tag === "Tracked") this.#give(`Tracked ${record.session}`, record.error)
    else if (record._tag === "Synced") this.#give(`Synced ${record.session}`, 0)
    else if (record._tag === "Ended") this.forget(record.session)
  }

  #give(answer: ProbeAnswer, result: number): void {
    const waiting = this.#answers.get(answer)
    this.#answers.delete(answer)
    if (waiting !== undefined) Deferred.unsafeDone(waiting, Effect.succeed(result))
  }
}
