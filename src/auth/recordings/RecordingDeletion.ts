import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer } from "effect"
import { Conflict, type NotFound, Unavailable } from "../../api/ApiError.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { recordingDeleted } from "../sessions/SessionEvents.ts"
import { RecordingStorage, type StorageFailed } from "../storage/RecordingStorage.ts"
import { isDeleted, type RecordingRow } from "./RecordingRow.ts"
import { Recordings } from "./Recordings.ts"

const hindrance = ({ state, held_ms, session_id: id }: RecordingRow): string | undefined => {
  if (held_ms !== null) return `the recording of session ${id} is held: release it first (recordings release)`
  if (state === "open") return `session ${id} is still being recorded`
  if (state === "kept") return `the recording of session ${id} is not stored yet: delete it when it is`
  return undefined
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const recordings = yield* Recordings
  const storage = yield* RecordingStorage

  /** What was overwritten in SQLite's file stands in its log until that is brought into the file. */
  const forgotten = sql.onDialectOrElse({
    sqlite: () => Effect.asVoid(sql`PRAGMA wal_checkpoint(TRUNCATE)`),
    orElse: () => Effect.void,
  })

  /** From here on an encrypted recording can't be read, and nothing brings it back. */
  const destroyKey = Effect.fnUntraced(function* (sessionId: SessionId, by: string | null, reason: string) {
    const { recording } = yield* recordings.locked(sessionId)
    const message = hindrance(recording)
    if (message !== undefined) return yield* new Conflict({ message })
    if (isDeleted(recording)) return
    const shredded = recording.share === null ? 0 : 1
    const change = { state: "deleting", share: null, shredded, deleted_by: by, delete_reason: reason }
    yield* sql`UPDATE recordings SET ${sql.update(change)} WHERE session_id = ${sessionId}`
  })

  const writeReceipt = Effect.fnUntraced(function* (sessionId: SessionId) {
    const { recording, session } = yield* recordings.locked(sessionId)
    // Another hub may have been there first.
    if (recording.state !== "deleting") return
    const deleted_ms = yield* Clock.currentTimeMillis
    yield* sql`UPDATE recordings SET ${sql.update({ state: "deleted", deleted_ms })} WHERE session_id = ${sessionId}`
    yield* audit.append(recordingDeleted(session, recording))
  })

  const finish = Effect.fn("RecordingDeletion.finish")(function* (sessionId: SessionId) {
    yield* storage.remove(sessionId)
    yield* sql.withTransaction(writeReceipt(sessionId))
  })

  const remove = Effect.fn("RecordingDeletion.remove")(function* (
    sessionId: SessionId,
    by: string | null,
    reason: string,
  ) {
    yield* sql.withTransaction(destroyKey(sessionId, by, reason))
    yield* forgotten
    yield* Effect.catchTag(finish(sessionId), "StorageFailed", (error) =>
      Effect.zipRight(
        Effect.logWarning(`the recording of ${sessionId} cannot be removed now: ${error.message}`),
        new Unavailable({ message: "the recording storage does not answer: it is removed when that is back" }),
      ),
    )
  })

  return { remove, finish }
})

/**
 * Deletes recordings for good. First the share of its key is destroyed, so that no copy of an encrypted recording can be read any
 * more; then the recording goes, and the audit log has a receipt with its digest.
 */
export class RecordingDeletion extends Context.Tag("mezite/auth/RecordingDeletion")<
  RecordingDeletion,
  {
    /**
     * `by`: null where its time is over. `Conflict`: it is held, or not stored yet. `Unavailable`: what is left to do is done
     * when the storage is back.
     */
    readonly remove: (
      sessionId: SessionId,
      by: string | null,
      reason: string,
    ) => Effect.Effect<void, NotFound | Conflict | Unavailable | SqlError>
    /** Does what is left to do of a deletion. */
    readonly finish: (sessionId: SessionId) => Effect.Effect<void, NotFound | StorageFailed | SqlError>
  }
>() {
  static readonly layer: Layer.Layer<
    RecordingDeletion,
    never,
    SqlClient.SqlClient | AuditLog | Recordings | RecordingStorage
  > = Layer.effect(RecordingDeletion, make)
}
