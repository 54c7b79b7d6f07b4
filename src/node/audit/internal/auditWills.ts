import { Clock, Effect, Schema, type Scope } from "effect"
import { AuditEventDraft } from "../../../domain/AuditEvent.ts"
import type { AuditWill } from "../AuditWill.ts"
import { ReportFailed } from "../ReportFailed.ts"
import type { ReportFiles } from "./ReportFiles.ts"
import type { WillFiles } from "./WillFiles.ts"

const decodeWill = Schema.decode(Schema.parseJson(Schema.Array(AuditEventDraft)))

const notKept = Effect.mapError(
  ({ message }: { readonly message: string }) =>
    new ReportFailed({ message: `what the audit log is to be told cannot be kept: ${message}` }),
)

/** Makes reports of the wills that an earlier process left: under their own ids, so that one that is made twice is stored once. */
export const executeWills = Effect.fn("AuditReports.executeWills")(function* (wills: WillFiles, files: ReportFiles) {
  const nowMs = yield* Clock.currentTimeMillis
  const occurred_at = new Date(nowMs).toISOString()
  const execute = (id: string) =>
    wills.read(id).pipe(
      Effect.flatMap(decodeWill),
      Effect.flatMap((events) =>
        files.write(
          id,
          nowMs,
          events.map((event) => ({ ...event, detail: { ...event.detail, occurred_at } })),
        ),
      ),
      Effect.zipRight(wills.remove(id)),
      Effect.catchTag("ParseError", () =>
        Effect.zipRight(Effect.logError(`what was unfinished is set aside as damaged (${id})`), wills.setAside(id)),
      ),
      Effect.catchAll(({ message }) => Effect.logError(`what was unfinished is not reported (${id}): ${message}`)),
    )
  yield* Effect.flatMap(wills.left, Effect.forEach(execute, { discard: true })).pipe(
    Effect.catchAll(({ message }) => Effect.logError(`what was unfinished is not reported: ${message}`)),
  )
})

/** @see AuditReports.will */
export const makeWill = (
  wills: WillFiles,
  events: ReadonlyArray<AuditEventDraft>,
): Effect.Effect<AuditWill, ReportFailed, Scope.Scope> =>
  Effect.acquireRelease(notKept(wills.make(events)), (id) => Effect.ignoreLogged(wills.remove(id))).pipe(
    Effect.map((id) => ({ change: (changed) => notKept(wills.change(id, changed)) })),
  )
