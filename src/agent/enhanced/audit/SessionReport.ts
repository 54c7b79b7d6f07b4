import { Clock, Effect } from "effect"
import { auditEvent } from "../../../domain/AuditEvent.ts"
import type { SessionInfo } from "../../../domain/SessionInfo.ts"
import type { AuditReports } from "../../../node/audit/AuditReports.ts"
import type { ProbeRecord } from "../ProbeRecord.ts"
import { SessionDigest } from "./SessionDigest.ts"
import type { Told } from "./Told.ts"

/** How often what was heard is told. */
const every = "1 second"

/** What is told next. */
interface Waiting extends Told {
  /** The session was over by then. */
  readonly afterEnd: boolean
}

/** The wall clock's time of a moment of the monotonic clock, as both stand now. */
const wallClock = (nowMs: number): ((timeUs: number) => string) => {
  const offsetUs = nowMs * 1000 - Number(process.hrtime.bigint() / 1000n)
  return (timeUs) => new Date((timeUs + offsetUs) / 1000).toISOString()
}

/** Tells the audit log what is seen of one session. While more waits for the hub than should, it only counts. */
export class SessionReport {
  readonly #info: SessionInfo
  readonly #reports: AuditReports["Type"]
  readonly #digest: SessionDigest
  readonly #something = Effect.unsafeMakeLatch(false)
  #told: Array<Waiting> = []
  #withheld = new Map<Told["type"], number>()
  #ended = false
  #afterEnd = false

  /** `nowMs`: Unix time. */
  constructor(info: SessionInfo, reports: AuditReports["Type"], nowMs: number) {
    this.#info = info
    this.#reports = reports
    this.#digest = new SessionDigest(wallClock(nowMs), nowMs)
  }

  /** `afterEnd`: the session is over, and left this process behind. */
  hear(record: ProbeRecord, afterEnd: boolean): void {
    this.#afterEnd = afterEnd
    this.#tell(this.#digest.hear(record, Date.now()))
    if (record._tag === "Ended") this.#ended = true
    this.#something.unsafeOpen()
  }

  /** Nothing is seen any more, though the session goes on. */
  lost(reason: string): void {
    this.#tell([{ type: "session.command", detail: { lost: null, reason } }])
    this.#ended = true
    this.#something.unsafeOpen()
  }

  /** Tells all that was heard. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() => {
    this.#tell(this.#digest.due(Date.now(), true))
    return this.#send
  })

  /** Goes on telling, also when the session is over, until no process of it is left or nothing is seen any more. */
  get run(): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      while (!this.#ended) {
        if (!this.#digest.waits) yield* this.#something.await
        this.#something.unsafeClose()
        yield* Effect.sleep(every)
        this.#tell(this.#digest.due(yield* Clock.currentTimeMillis, false))
        yield* this.#send
      }
      yield* this.flush
    })
  }

  #tell(all: ReadonlyArray<Told>): void {
    for (const told of all) this.#told.push({ ...told, afterEnd: this.#afterEnd })
  }

  get #send(): Effect.Effect<void> {
    return Effect.flatMap(this.#reports.isCrowded, (isCrowded) => {
      const told = this.#told
      this.#told = []
      if (!isCrowded) return this.#report([...told, ...this.#withheldCounts()])
      for (const { type } of told) this.#withheld.set(type, (this.#withheld.get(type) ?? 0) + 1)
      return Effect.void
    })
  }

  #withheldCounts(): ReadonlyArray<Waiting> {
    const counts = [...this.#withheld].map(([type, withheld]) => ({
      type,
      detail: { withheld, reason: "too many events waited for the hub" },
      afterEnd: this.#afterEnd,
    }))
    this.#withheld.clear()
    return counts
  }

  #report(told: ReadonlyArray<Waiting>): Effect.Effect<void> {
    const { user, sessionId, node, login, remoteAddress } = this.#info
    const about = { user, session_id: sessionId, node, login, remote_address: remoteAddress }
    return Effect.forEach(
      told,
      ({ type, detail, afterEnd }) =>
        this.#reports.tell(auditEvent(type, { ...about, detail: afterEnd ? { ...detail, after_end: true } : detail })),
      { concurrency: "unbounded", discard: true },
    )
  }
}
