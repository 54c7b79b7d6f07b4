import type { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Either, Layer, Option } from "effect"
import { Forbidden, Invalid } from "../../api/ApiError.ts"
import type { AuditEventDraft, AuditEventType } from "../../domain/AuditEvent.ts"
import type { NodeIdentity } from "../access/Callers.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { Sessions } from "./Sessions.ts"

/** What a node may tell; the hub itself writes everything else. */
export const reportable: ReadonlySet<AuditEventType> = new Set<AuditEventType>([
  "session.rejected",
  "session.join",
  "session.resize",
  "session.command",
  "session.disk",
  "session.network",
  "sftp",
  "scp",
  "port",
  "exec",
])

const maxDetail = 16_384

const detailLength = (detail: AuditEventDraft["detail"]): Either.Either<number, Invalid> =>
  Either.try({
    try: () => JSON.stringify(detail).length,
    catch: () => new Invalid({ message: "the event's detail is no JSON" }),
  })

/** Whether a node may report that, whatever session it is about. */
export const checkReport = (draft: AuditEventDraft): Either.Either<void, Invalid | Forbidden> =>
  reportable.has(draft.type)
    ? Either.filterOrLeft(
        detailLength(draft.detail),
        (length) => length <= maxDetail,
        () => new Invalid({ message: `an event's detail has ${maxDetail} characters of JSON at most` }),
      ).pipe(Either.map(() => undefined))
    : Either.left(new Forbidden({ message: `a node may not report ${draft.type}` }))

const make = Effect.gen(function* () {
  const audit = yield* AuditLog
  const sessions = yield* Sessions

  const report = Effect.fn("NodeReports.report")(function* (node: NodeIdentity, draft: AuditEventDraft) {
    yield* checkReport(draft)
    const session = draft.session_id === null ? Option.none() : yield* sessions.get(draft.session_id)
    // A session that isn't known (yet) may be one that the node will tell of later, or one that it refused.
    if (Option.exists(session, (row) => row.node !== node.name)) {
      return yield* new Forbidden({ message: "this session is another node's" })
    }
    yield* audit.append({ ...draft, node: node.name })
  })

  return { report }
})

/** Takes in what nodes saw: only what is theirs to tell, under their own name, and bounded in size. */
export class NodeReports extends Context.Tag("mezite/auth/NodeReports")<
  NodeReports,
  {
    readonly report: (node: NodeIdentity, draft: AuditEventDraft) => Effect.Effect<void, Invalid | Forbidden | SqlError>
  }
>() {
  static readonly layer: Layer.Layer<NodeReports, never, AuditLog | Sessions> = Layer.effect(NodeReports, make)
}
