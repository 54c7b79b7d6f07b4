import { Effect, Stream } from "effect"
import { AuditLog } from "../audit/AuditLog.ts"
import type { Calls } from "./Calls.ts"
import { ago, guarded, guardedStream } from "./Guard.ts"

/** The calls about the audit log. */
export const auditCalls = Effect.gen(function* () {
  const audit = yield* AuditLog
  return {
    AuditList: ({ type, user, session_id: sessionId, last, limit }) =>
      guardedStream("AuditList", () =>
        Stream.unwrap(Effect.map(ago(last), (sinceMs) => audit.list({ type, user, sessionId, sinceMs, limit }))),
      ),
    AuditVerify: () => guarded("AuditVerify", () => audit.verify),
  } satisfies Calls<"AuditList" | "AuditVerify">
})
