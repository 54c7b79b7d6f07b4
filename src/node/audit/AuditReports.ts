import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { Clock, Context, Deferred, Effect, Exit, Layer, Queue, type Scope } from "effect"
import { maxReportedDetail } from "../../api/NodeRpcs.ts"
import type { AuditEventDraft } from "../../domain/AuditEvent.ts"
import { HubCalls } from "../hub/HubCalls.ts"
import type { AuditWill } from "./AuditWill.ts"
import { executeWills, makeWill } from "./internal/auditWills.ts"
import { batchesOf } from "./internal/batchesOf.ts"
import { deliverReports } from "./internal/deliverReports.ts"
import { type ReportFile, ReportFiles } from "./internal/ReportFiles.ts"
import { WillFiles } from "./internal/WillFiles.ts"
import { ReportFailed } from "./ReportFailed.ts"

export interface AuditReportsOptions {
  readonly directory: string
  /** Bytes that may wait for the hub; default 64 MiB, some 200,000 events. */
  readonly maxBytes?: number
}

/** An event that is kept. */
export interface Reported {
  /** Completes once the hub has it, or has refused it for good. */
  readonly delivered: Effect.Effect<void>
}

/**
 * Tells the hub, for its audit log, what happened here: kept on this machine's disk until the hub has stored it, however long
 * that takes and whatever ends meanwhile, and stored there once. `detail.occurred_at` says when it happened, by this machine's clock.
 */
export class AuditReports extends Context.Tag("mezite/node/AuditReports")<
  AuditReports,
  {
    /** Completes once the event is durable on this machine. One that the hub would find too long is refused. */
    readonly report: (event: AuditEventDraft) => Effect.Effect<Reported, ReportFailed>
    /** For what happened already, or does not: that it cannot be kept is logged. */
    readonly tell: (event: AuditEventDraft) => Effect.Effect<void>
    /**
     * Leaves events, 64 at most, that are reported when this program is next started, unless the scope has ended before: by whoever knows the end
     * of something, and is told of it no more if this program is killed. Completes once they are durable on this machine.
     */
    readonly will: (events: ReadonlyArray<AuditEventDraft>) => Effect.Effect<AuditWill, ReportFailed, Scope.Scope>
    /** Whether so much waits for the hub that only what must be told should be added. */
    readonly isCrowded: Effect.Effect<boolean>
    /** The hub may be back. */
    readonly wake: Effect.Effect<void>
  }
>() {
  static readonly layer = (options: AuditReportsOptions): Layer.Layer<AuditReports, never, HubCalls> =>
    Layer.scoped(AuditReports, make(options))
}

interface Waiting {
  readonly event: AuditEventDraft
  readonly kept: Deferred.Deferred<Reported, ReportFailed>
}

const defaultMaxBytes = 64 * 1024 * 1024

const charsOf = ({ event }: Waiting): number => JSON.stringify(event).length

const make = ({ directory, maxBytes = defaultMaxBytes }: AuditReportsOptions) =>
  Effect.gen(function* () {
    const hub = yield* HubCalls
    const files = new ReportFiles(directory)
    const wills = new WillFiles(join(directory, "wills"))
    yield* executeWills(wills, files)
    const incoming = yield* Queue.unbounded<Waiting>()
    const wakes = yield* Queue.sliding<void>(1)
    const deliveries = new Map<string, Deferred.Deferred<void>>()
    let bytes = files.list().reduce((sum, file) => sum + file.bytes, 0)

    const onDone = (file: ReportFile) =>
      Effect.suspend(() => {
        const delivered = deliveries.get(file.batchId)
        bytes -= file.bytes
        deliveries.delete(file.batchId)
        return delivered === undefined ? Effect.void : Deferred.succeed(delivered, undefined)
      })

    const keep = Effect.fnUntraced(function* (batch: ReadonlyArray<Waiting>) {
      const batchId = randomUUID()
      const delivered = yield* Deferred.make<void>()
      deliveries.set(batchId, delivered)
      const events = batch.map(({ event }) => event)
      const written = yield* Effect.exit(writeBatch(files, batchId, events))
      if (Exit.isSuccess(written)) bytes += written.value.bytes
      else deliveries.delete(batchId)
      const kept = Exit.as(written, { delivered: Deferred.await(delivered) })
      yield* Effect.forEach(batch, (waiting) => Deferred.done(waiting.kept, kept), { discard: true })
      yield* Queue.offer(wakes, undefined)
    })

    const report = Effect.fn("AuditReports.report")(function* (event: AuditEventDraft) {
      if (bytes >= maxBytes) return yield* tooMuchWaits(bytes)
      const occurredAt = new Date(yield* Clock.currentTimeMillis).toISOString()
      const detail = { ...event.detail, occurred_at: occurredAt }
      if (JSON.stringify(detail).length > maxReportedDetail) return yield* tooLong(event)
      const kept = yield* Deferred.make<Reported, ReportFailed>()
      yield* Queue.offer(incoming, { event: { ...event, detail }, kept })
      return yield* Deferred.await(kept)
    })

    // One file for all that came meanwhile: one wait for the disk serves them all.
    const keepAll = Effect.flatMap(Queue.takeBetween(incoming, 1, 1024), (some) =>
      Effect.forEach(batchesOf([...some], charsOf), keep, { discard: true }),
    )
    yield* Effect.forkScoped(Effect.forever(keepAll))
    yield* Effect.forkScoped(deliverReports({ files, hub, wakes, onDone }))
    const tell = (event: AuditEventDraft) =>
      Effect.catchAll(Effect.asVoid(report(event)), ({ message }) =>
        Effect.logError(`the event ${event.type} is lost: ${message}`),
      )
    const isCrowded = Effect.sync(() => bytes >= maxBytes / 2)
    const wake = Effect.asVoid(Queue.offer(wakes, undefined))
    return AuditReports.of({ report, tell, will: (events) => makeWill(wills, events), isCrowded, wake })
  })

const writeBatch = (files: ReportFiles, batchId: string, events: ReadonlyArray<AuditEventDraft>) =>
  Effect.flatMap(Clock.currentTimeMillis, (nowMs) => files.write(batchId, nowMs, events)).pipe(
    Effect.mapError(
      ({ message }) => new ReportFailed({ message: `events for the audit log cannot be kept: ${message}` }),
    ),
  )

/** The hub would refuse it, and with it all that it is told of at once. */
const tooLong = ({ type }: AuditEventDraft) =>
  new ReportFailed({ message: `what the audit log is to be told of this (${type}) is too long` })

const tooMuchWaits = (bytes: number) =>
  new ReportFailed({
    message: `${Math.floor(bytes / 1024 ** 2)} MiB of audit events wait for the hub; nothing is begun here that would add to them`,
  })
