import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Effect, Ref, type Scope } from "effect"
import { type AuditEventDraft, type AuditEventType, auditEvent } from "../../domain/AuditEvent.ts"
import { noneInMinute, oneMore, untilNextMinute } from "../../domain/MinuteCount.ts"
import { AuditLog } from "./AuditLog.ts"

/** So many are audited one by one in a minute. */
const perMinute = 60

/**
 * Audits what strangers try in vain, as events of one type, so that nobody fills the audit log from outside: 60 a minute one by one, and
 * how many more there were in one event (`more`) when the minute is over, or when the scope ends.
 */
export const auditFailures = (
  type: AuditEventType,
): Effect.Effect<
  (about: Partial<Omit<AuditEventDraft, "type">>) => Effect.Effect<void, SqlError>,
  never,
  AuditLog | Scope.Scope
> =>
  Effect.gen(function* () {
    const [audit, scope] = [yield* AuditLog, yield* Effect.scope]
    const counted = yield* Ref.make(noneInMinute)
    const unlisted = yield* Ref.make(0)

    const summarise = Effect.gen(function* () {
      const count = yield* Ref.getAndSet(unlisted, 0)
      if (count === 0) return
      yield* audit
        .append(auditEvent(type, { detail: { more: count } }))
        .pipe(Effect.catchAll((error) => Effect.logError(`${count} events ${type} cannot be audited`, error)))
    })
    yield* Effect.addFinalizer(() => summarise)

    return Effect.fnUntraced(function* (about) {
      const now = yield* Clock.currentTimeMillis
      const { count } = yield* Ref.updateAndGet(counted, (last) => oneMore(last, now))
      if (count <= perMinute) return yield* Effect.asVoid(audit.append(auditEvent(type, about)))
      const before = yield* Ref.getAndUpdate(unlisted, (more) => more + 1)
      if (before === 0) yield* Effect.forkIn(Effect.delay(summarise, untilNextMinute(now)), scope)
    })
  })
