import type { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Layer } from "effect"
import type { AuditLog } from "../audit/AuditLog.ts"
import { auditFailures } from "../audit/auditFailures.ts"

/** A login that failed. */
export interface FailedLogin {
  readonly user: string
  readonly method: "password" | "invite" | "code"
  readonly remoteAddress: string | null
  /** What the user read. */
  readonly reason: string
}

const make = Effect.map(auditFailures("user.login.failed"), (audit) => ({
  report: Effect.fn("FailedLogins.report")(({ user, method, remoteAddress, reason }: FailedLogin) =>
    audit({ user, remote_address: remoteAddress, detail: { method, reason } }),
  ),
}))

/** Audits logins that failed. */
export class FailedLogins extends Context.Tag("mezite/auth/FailedLogins")<
  FailedLogins,
  { readonly report: (failed: FailedLogin) => Effect.Effect<void, SqlError> }
>() {
  static readonly layer: Layer.Layer<FailedLogins, never, AuditLog> = Layer.scoped(FailedLogins, make)
}
