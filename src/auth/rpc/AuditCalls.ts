import { Effect, Either, Option, Stream } from "effect"
import type { AuditHead } from "../../domain/AuditHead.ts"
import { AuditAnchor } from "../audit/AuditAnchor.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import type { Calls } from "./Calls.ts"
import { ago, guarded, guardedStream } from "./Guard.ts"

/** The calls about the audit log. */
export const auditCalls = Effect.gen(function* () {
  const [audit, anchor] = [yield* AuditLog, yield* AuditAnchor]

  const verify = Effect.fnUntraced(function* (given: AuditHead | null) {
    const asked = given === null ? [] : [{ head: given, source: "by the head that was given" }]
    const kept = yield* Effect.either(anchor.known)
    const known = Either.isRight(kept) ? Option.toArray(kept.right) : []
    const verdict = yield* audit.verify([...known, ...asked])
    return Either.isLeft(kept) && verdict.problem === null ? { ...verdict, problem: kept.left.message } : verdict
  })

  return {
    AuditList: ({ type, user, session_id: sessionId, node, last, limit, program, path }) =>
      guardedStream("AuditList", () =>
        Stream.unwrap(
          Effect.map(ago(last), (sinceMs) =>
            audit.list({ type, user, sessionId, node, sinceMs, limit }, { program, path }),
          ),
        ),
      ),
    AuditVerify: ({ known }) => guarded("AuditVerify", () => verify(known)),
  } satisfies Calls<"AuditList" | "AuditVerify">
})
