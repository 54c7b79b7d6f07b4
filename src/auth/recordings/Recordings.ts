import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Option } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { recordingStored } from "../sessions/SessionEvents.ts"
import type { SessionRow } from "../sessions/SessionRecord.ts"
import type { RecordingRow } from "./RecordingRow.ts"

/** A recording that waits to be stored. */
export interface KeptRecording {
  readonly digest: string
  readonly bytes: number
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog

  const get = Effect.fn("Recordings.get")(function* (sessionId: string) {
    const [row] = yield* sql<RecordingRow>`SELECT * FROM recordings WHERE session_id = ${sessionId}`
    return Option.fromNullable(row)
  })

  const session = (sessionId: string) =>
    Effect.map(sql<SessionRow>`SELECT * FROM sessions WHERE session_id = ${sessionId}`, ([row]) =>
      Option.fromNullable(row),
    )

  const begun = Effect.fn("Recordings.begun")(function* (sessionId: SessionId) {
    const row = { session_id: sessionId, state: "open", frames: 0, attempts: 0 }
    yield* sql`INSERT INTO recordings ${sql.insert(row)} ON CONFLICT (session_id) DO UPDATE SET state = excluded.state`
  })

  const kept = Effect.fn("Recordings.kept")(function* (sessionId: SessionId, frames: number) {
    const row = { session_id: sessionId, state: "kept", frames, attempts: 0 }
    yield* sql`INSERT INTO recordings ${sql.insert(row)} ON CONFLICT (session_id)
      DO UPDATE SET state = excluded.state, frames = excluded.frames, attempts = 0, trouble = NULL`
  })

  const waiting = Effect.map(
    sql<{ session_id: SessionId }>`SELECT session_id FROM recordings WHERE state = ${"kept"}`,
    (rows) => rows.map(({ session_id }) => session_id),
  )

  const findKept = Effect.fn("Recordings.findKept")(function* (sessionId: SessionId) {
    const row = yield* get(sessionId)
    if (!Option.exists(row, ({ state }) => state === "kept")) return Option.none<KeptRecording>()
    return Option.map(yield* session(sessionId), ({ recording_digest, recording_bytes }) => ({
      digest: recording_digest ?? "",
      bytes: Number(recording_bytes),
    }))
  })

  /** What it says of the recording is of the row as it was. */
  const store = Effect.fnUntraced(function* (sessionId: SessionId, digest: string) {
    // Takes the row's lock: of two hubs that have stored it, one tells so.
    const [row] = yield* sql<RecordingRow>`
      UPDATE recordings SET trouble = NULL WHERE session_id = ${sessionId} AND state = ${"kept"} RETURNING *`
    const about = Option.filter(yield* session(sessionId), ({ recording_digest }) => recording_digest === digest)
    if (row === undefined || Option.isNone(about)) return false
    const stored_ms = yield* Clock.currentTimeMillis
    yield* sql`UPDATE recordings SET ${sql.update({ state: "stored", stored_ms })} WHERE session_id = ${sessionId}`
    yield* audit.append(recordingStored(about.value, Number(row.frames), row.stored_ms !== null))
    return true
  })

  const stored = Effect.fn("Recordings.stored")((sessionId: SessionId, digest: string) =>
    sql.withTransaction(store(sessionId, digest)),
  )

  const troubled = Effect.fn("Recordings.troubled")(function* (sessionId: SessionId, trouble: string) {
    yield* sql`UPDATE recordings SET attempts = attempts + 1, trouble = ${trouble.slice(0, 512)}
      WHERE session_id = ${sessionId} AND state = ${"kept"}`
  })

  return { get, begun, kept, waiting, findKept, stored, troubled }
})

/** What the cluster knows of its sessions' recordings: where each of them is. */
export class Recordings extends Context.Tag("mezite/auth/Recordings")<
  Recordings,
  {
    readonly get: (sessionId: string) => Effect.Effect<Option.Option<RecordingRow>, SqlError>
    /** It is being written on this hub's disk, for the first time or to be completed. */
    readonly begun: (sessionId: SessionId) => Effect.Effect<void, SqlError>
    /** It is whole, its bytes are durable on this hub's disk, and its session's row says what it is. */
    readonly kept: (sessionId: SessionId, frames: number) => Effect.Effect<void, SqlError>
    /** Those that wait to be stored. */
    readonly waiting: Effect.Effect<ReadonlyArray<SessionId>, SqlError>
    readonly findKept: (sessionId: SessionId) => Effect.Effect<Option.Option<KeptRecording>, SqlError>
    /** The recording with this digest is in its place, and `session.recording.stored`; false where it is not the one wanted there. */
    readonly stored: (sessionId: SessionId, digest: string) => Effect.Effect<boolean, SqlError>
    /** It could not be stored, for now. */
    readonly troubled: (sessionId: SessionId, trouble: string) => Effect.Effect<void, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Recordings, never, SqlClient.SqlClient | AuditLog> = Layer.effect(Recordings, make)
}
