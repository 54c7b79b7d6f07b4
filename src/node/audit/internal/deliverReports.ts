import { Effect, Exit, Queue, Random, Schema } from "effect"
import { AuditEventDraft } from "../../../domain/AuditEvent.ts"
import type { HubCalls } from "../../hub/HubCalls.ts"
import { reconnectDelay } from "../../hub/ReconnectDelay.ts"
import type { ReportFile, ReportFiles } from "./ReportFiles.ts"

const decodeBatch = Schema.decode(Schema.parseJson(Schema.Array(AuditEventDraft)))

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

  const bring = (file: ReportFile) =>
    files.read(file).pipe(
      Effect.flatMap(decodeBatch),
      Effect.flatMap((events) => hub.report({ id: file.batchId, events })),
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

  const round = (failures: number): Effect.Effect<never> =>
    Effect.suspend(() => Effect.forEach(files.list(), bring, { discard: true })).pipe(
      Effect.exit,
      Effect.flatMap((exit) =>
        Exit.isSuccess(exit)
          ? Effect.as(Queue.take(wakes), 0)
          : Effect.logWarning("audit events wait for the hub", exit.cause).pipe(
              Effect.zipRight(later(failures)),
              Effect.as(failures + 1),
            ),
      ),
      Effect.flatMap(round),
    )
  return round(0)
}
