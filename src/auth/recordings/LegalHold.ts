import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer } from "effect"
import { Conflict, type NotFound } from "../../api/ApiError.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { recordingHeld } from "../sessions/SessionEvents.ts"
import { isDeleted, type RecordingRow } from "./RecordingRow.ts"
import { Recordings } from "./Recordings.ts"

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const recordings = yield* Recordings

  /** Changes a recording's hold, if it can be, and audits it with the change. */
  const change = (
    sessionId: SessionId,
    allowed: (recording: RecordingRow) => string | undefined,
    hold: Pick<RecordingRow, "held_ms" | "held_by" | "hold_reason">,
    event: (session: Parameters<typeof recordingHeld>[1]) => ReturnType<typeof recordingHeld>,
  ) =>
    sql.withTransaction(
      Effect.gen(function* () {
        const { recording, session } = yield* recordings.locked(sessionId)
        const problem = allowed(recording)
        if (problem !== undefined) return yield* new Conflict({ message: problem })
        yield* sql`UPDATE recordings SET ${sql.update({ ...hold })} WHERE session_id = ${sessionId}`
        yield* audit.append(event(session))
      }),
    )

  const hold = Effect.fn("LegalHold.hold")(function* (sessionId: SessionId, reason: string, by: string) {
    const held_ms = yield* Clock.currentTimeMillis
    yield* change(
      sessionId,
      (recording) =>
        isDeleted(recording)
          ? `the recording of session ${sessionId} was deleted`
          : recording.held_ms === null
            ? undefined
            : `the recording of session ${sessionId} is held already`,
      { held_ms, held_by: by, hold_reason: reason },
      (session) => recordingHeld("session.recording.hold", session, by, reason),
    )
  })

  const release = Effect.fn("LegalHold.release")(function* (sessionId: SessionId, by: string) {
    yield* change(
      sessionId,
      ({ held_ms }) => (held_ms === null ? `the recording of session ${sessionId} is not held` : undefined),
      { held_ms: null, held_by: null, hold_reason: null },
      (session) => recordingHeld("session.recording.release", session, by, null),
    )
  })

  return { hold, release }
})

/** Keeps single recordings from being deleted, by anybody and by time; who does that, and undoes it, is audited with it. */
export class LegalHold extends Context.Tag("mezite/auth/LegalHold")<
  LegalHold,
  {
    readonly hold: (
      sessionId: SessionId,
      reason: string,
      by: string,
    ) => Effect.Effect<void, NotFound | Conflict | SqlError>
    readonly release: (sessionId: SessionId, by: string) => Effect.Effect<void, NotFound | Conflict | SqlError>
  }
>() {
  static readonly layer: Layer.Layer<LegalHold, never, SqlClient.SqlClient | AuditLog | Recordings> = Layer.effect(
    LegalHold,
    make,
  )
}
