import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Context, Effect, Either, Layer, Option } from "effect"
import { Forbidden, Invalid } from "../../api/ApiError.ts"
import { maxReportedDetail } from "../../api/NodeRpcs.ts"
import type { AuditEventDraft, AuditEventType } from "../../domain/AuditEvent.ts"
import type { NodeIdentity } from "../access/Callers.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { Sessions } from "./Sessions.ts"

/** What a node may tell; the hub itself writes everything else. */
export const reportable: ReadonlySet<AuditEventType> = new Set<AuditEventType>([
  "session.rejected",
  "session.resize",
  "session.command",
  "session.disk",
  "session.network",
  "sftp",
  "scp",
  "port",
  "exec",
])

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
        (length) => length <= maxReportedDetail,
        () => new Invalid({ message: `an event's detail has ${maxReportedDetail} characters of JSON at most` }),
      ).pipe(Either.map(() => undefined))
    : Either.left(new Forbidden({ message: `a node may not report ${draft.type}` }))

/** What a node tells at once, under a name by which it is known if it comes again. */
export interface ReportBatch {
  readonly id: string
  readonly events: ReadonlyArray<AuditEventDraft>
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const sessions = yield* Sessions

  const checkSession = Effect.fnUntraced(function* (node: NodeIdentity, sessionId: string) {
    const session = yield* sessions.get(sessionId)
    // A session that isn't known (yet) may be one that the node will tell of later, or one that it refused.
    if (Option.exists(session, (row) => row.node !== node.name)) {
      return yield* new Forbidden({ message: "this session is another node's" })
    }
  })

  /** Whether the batch is new; it is known from now on. */
  const remember = (node: NodeIdentity, id: string) =>
    Effect.map(
      sql`INSERT INTO node_reports (node_id, batch_id) VALUES (${node.id}, ${id}) ON CONFLICT DO NOTHING RETURNING batch_id`,
      (rows) => rows.length > 0,
    )

  const report = Effect.fn("NodeReports.report")(function* (node: NodeIdentity, { id, events }: ReportBatch) {
    yield* Effect.forEach(events, checkReport, { discard: true })
    const told = new Set(events.flatMap(({ session_id }) => (session_id === null ? [] : [session_id])))
    yield* Effect.forEach(told, (sessionId) => checkSession(node, sessionId), { discard: true })
    yield* audit
      .appendAll(events.map((event) => ({ ...event, node: node.name })))
      .pipe(Effect.whenEffect(remember(node, id)), sql.withTransaction)
  })

  return { report }
})

/** Takes in what nodes saw: only what is theirs to tell, under their own name, bounded in size, and once. */
export class NodeReports extends Context.Tag("mezite/auth/NodeReports")<
  NodeReports,
  {
    /** Stores all of the batch, or nothing where it, or the node, is not as it should be. */
    readonly report: (node: NodeIdentity, batch: ReportBatch) => Effect.Effect<void, Invalid | Forbidden | SqlError>
  }
>() {
  static readonly layer: Layer.Layer<NodeReports, never, AuditLog | Sessions | SqlClient.SqlClient> = Layer.effect(
    NodeReports,
    make,
  )
}
