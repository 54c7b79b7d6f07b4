import { Clock, Effect, Layer, Ref } from "effect"
import { AuditLog } from "../../auth/audit/AuditLog.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { type MinuteCount, noneInMinute, oneMore } from "../../domain/MinuteCount.ts"
import { type Refusal, RefusalLog } from "../../proxy/RefusalLog.ts"

/** Refusals of who-knows-whom that are audited in a minute, so that nobody fills the audit log from outside. */
const anonymousPerMinute = 60

/** Whether one more counts in this minute. */
const admit = (counted: Ref.Ref<MinuteCount>) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.map(
      Ref.updateAndGet(counted, (last) => oneMore(last, now)),
      ({ count }) => count <= anonymousPerMinute,
    ),
  )

/** Refused connections go into the log, and into the audit log as `session.rejected`. */
export const refusalLog = Layer.effect(
  RefusalLog,
  Effect.gen(function* () {
    const audit = yield* AuditLog
    const counted = yield* Ref.make(noneInMinute)
    const append = ({ user, target, remoteAddress, reason }: Refusal) =>
      audit
        .append(
          auditEvent("session.rejected", { user, node: target, remote_address: remoteAddress, detail: { reason } }),
        )
        .pipe(Effect.catchAll((error) => Effect.logError("a refused connection cannot be audited", error)))
    return {
      report: Effect.fn("RefusalLog.report")(function* (refusal: Refusal) {
        yield* Effect.logInfo("refused").pipe(Effect.annotateLogs({ ...refusal }))
        if (refusal.user !== null || (yield* admit(counted))) yield* append(refusal)
      }),
    }
  }),
)
