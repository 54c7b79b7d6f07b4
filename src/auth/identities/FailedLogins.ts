import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Ref } from "effect"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { noneInMinute, oneMore, untilNextMinute } from "../../domain/MinuteCount.ts"
import { AuditLog } from "../audit/AuditLog.ts"

/** Failures that are audited one by one in a minute, so that nobody fills the audit log from outside. */
const perMinute = 60

/** A login that failed. */
export interface FailedLogin {
  readonly user: string
  readonly method: "password" | "invite" | "code"
  readonly remoteAddress: string | null
  /** What the user read. */
  readonly reason: string
}

const make = Effect.gen(function* () {
  const [audit, scope] = [yield* AuditLog, yield* Effect.scope]
  const counted = yield* Ref.make(noneInMinute)
  const unlisted = yield* Ref.make(0)

  const summarise = Effect.gen(function* () {
    const count = yield* Ref.getAndSet(unlisted, 0)
    if (count === 0) return
    yield* audit
      .append(auditEvent("user.login.failed", { detail: { more: count } }))
      .pipe(Effect.catchAll((error) => Effect.logError(`${count} failed logins cannot be audited`, error)))
  })
  yield* Effect.addFinalizer(() => summarise)

  const report = Effect.fn("FailedLogins.report")(function* ({ user, method, remoteAddress, reason }: FailedLogin) {
    const now = yield* Clock.currentTimeMillis
    const { count } = yield* Ref.updateAndGet(counted, (last) => oneMore(last, now))
    if (count <= perMinute) {
      const about = { user, remote_address: remoteAddress, detail: { method, reason } }
      yield* audit.append(auditEvent("user.login.failed", about))
      return
    }
    const before = yield* Ref.getAndUpdate(unlisted, (more) => more + 1)
    if (before === 0) yield* Effect.forkIn(Effect.delay(summarise, untilNextMinute(now)), scope)
  })

  return { report }
})

/**
 * Audits logins that failed: 60 a minute one by one, and how many more there were in one event when the minute is over, or when
 * the hub ends.
 */
export class FailedLogins extends Context.Tag("mezite/auth/FailedLogins")<
  FailedLogins,
  { readonly report: (failed: FailedLogin) => Effect.Effect<void, SqlError> }
>() {
  static readonly layer: Layer.Layer<FailedLogins, never, AuditLog> = Layer.scoped(FailedLogins, make)
}
