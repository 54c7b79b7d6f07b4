import { Cause, Effect, Exit, Option, Queue, Random, Schema } from "effect"
import { AuditEventDraft } from "../../../domain/AuditEvent.ts"
import type { HubCalls, Report } from "../../hub/HubCalls.ts"
import { reconnectDelay } from "../../hub/ReconnectDelay.ts"
import type { ReportFile, ReportFiles } from "./ReportFiles.ts"

const decodeBatch = Schema.decode(Schema.parseJson(Schema.Array(AuditEventDraft)))

/** So long a connection to the hub is kept for what may come next: a new one costs both sides much more than a report does. */
const idleLimit = "5 seconds"

/** What is expected is told in a line; where it happened is for what is not. */
const stillWaiting = <E extends { readonly message: string }>(cause: Cause.Cause<E>) =>
  Option.match(Cause.failureOption(cause), {
    onNone: () => Effect.logError("audit events wait for the hub", cause),
    onSome: ({ message }) => Effect.logWarning(`audit events wait for the hub: ${message}`),
  })

interface Delivery {
  readonly files: ReportFiles
  readonly hub: HubCalls["Type"]
  /** Something was added, or the hub may be back. */
  readonly wakes: Queue.Dequeue<void>
  /** The file is done with: the hub has it, or never will. */
  readonly onDone: (file: ReportFile) => Effect.Effect<void>
}

/** Brings batches to the hub, in order, for ever. What the hub refuses for good, or cannot be read, does not hold up the rest. */
export const deliverReports = ({ files, hub, wakes, onDone }: Delivery): Effect.Effect<never> => {
  const setAside = (file: ReportFile, why: string) =>
    Effect.zipRight(Effect.logError(`audit events are set aside as ${file.name}: ${why}`), files.setAside(file))

  const bring = (report: Report) => (file: ReportFile) =>
    files.read(file).pipe(
      Effect.flatMap(decodeBatch),
      Effect.flatMap((events) => report({ id: file.batchId, events })),
      Effect.zipRight(files.remove(file)),
      Effect.catchTags({
        ParseError: () => setAside(file, "it is damaged"),
        Invalid: ({ message }) => setAside(file, message),
        Forbidden: ({ message }) => setAside(file, message),
      }),
      Effect.zipRight(onDone(file)),
    )

  const later = (failures: number) =>
    Effect.flatMap(Random.next, (random) =>
      Effect.race(Effect.sleep(reconnectDelay(failures, random)), Queue.take(wakes)),
    )

  const bringAll = (report: Report) =>
    Effect.suspend(() => Effect.forEach(files.list(), bring(report), { discard: true }))

  /** All that is there, and what comes while there is a connection. */
  const bringUntilIdle = Effect.scoped(
    Effect.flatMap(hub.reports, (report) =>
      Effect.repeat(Effect.zipRight(bringAll(report), Effect.timeoutOption(Queue.take(wakes), idleLimit)), {
        while: Option.isSome,
      }),
    ),
  )

  const round = (failures: number): Effect.Effect<never> =>
    Effect.suspend(() => (files.list().length === 0 ? Effect.void : bringUntilIdle)).pipe(
      Effect.exit,
      Effect.flatMap((exit) =>
        Exit.isSuccess(exit)
          ? Effect.as(Queue.take(wakes), 0)
          : stillWaiting(exit.cause).pipe(Effect.zipRight(later(failures)), Effect.as(failures + 1)),
      ),
      Effect.flatMap(round),
    )
  return round(0)
}
