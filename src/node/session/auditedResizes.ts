import { Effect, Option, Queue, type Scope, Stream } from "effect"
import { type AuditEventDraft, auditEvent } from "../../domain/AuditEvent.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { WindowSize } from "../../domain/WindowSize.ts"
import type { AuditReports } from "../audit/AuditReports.ts"
import { EventTally } from "../audit/EventTally.ts"
import { tellTally } from "../audit/tellTally.ts"

/** Sizes that follow each other so quickly are those that a window is dragged through: the last one is told. */
const settling = "500 millis"

/** Of more than that only how many there were. */
const limits = { oneByOne: 100, keys: 1 }

/**
 * A session's resizes as they come. The audit log is told of them as `session.resize`, of the last one at the latest when the scope
 * closes; it holds nothing up.
 */
export const auditedResizes = Effect.fnUntraced(function* (
  reports: AuditReports["Type"],
  { user, sessionId, login, remoteAddress }: SessionInfo,
  resizes: Stream.Stream<WindowSize>,
): Effect.fn.Return<Stream.Stream<WindowSize>, never, Scope.Scope> {
  const about = { user, session_id: sessionId, login, remote_address: remoteAddress }
  const event = (detail: AuditEventDraft["detail"]) => auditEvent("session.resize", { ...about, detail })
  const tally = new EventTally(limits)
  yield* tellTally(tally, ({ amounts }) => reports.tell(event(amounts)))
  const changed = yield* Queue.sliding<void>(1)
  let untold = Option.none<WindowSize>()

  const tell = ({ cols, rows }: WindowSize) => {
    if (tally.takesOneByOne()) return reports.tell(event({ cols, rows }))
    tally.count("resizes", { resizes: 1 })
    return Effect.void
  }
  const tellLast = Effect.suspend(() => {
    const last = untold
    untold = Option.none()
    return Option.match(last, { onNone: () => Effect.void, onSome: tell })
  }).pipe(Effect.uninterruptible)

  yield* Effect.addFinalizer(() => tellLast)
  yield* Queue.take(changed).pipe(Effect.zipRight(Effect.delay(tellLast, settling)), Effect.forever, Effect.forkScoped)
  return Stream.tap(resizes, (size) =>
    Effect.suspend(() => {
      untold = Option.some(size)
      return Queue.offer(changed, undefined)
    }),
  )
})
