import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Chunk, Clock, Context, Effect, Layer, Option, Stream } from "effect"
import { NotFound } from "../../api/ApiError.ts"
import type { Recording } from "../../api/ClusterRpcs.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import { KeyShare } from "../../recording/KeyShare.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import type { HeldElsewhere } from "../hubs/HeldElsewhere.ts"
import { Hubs } from "../hubs/Hubs.ts"
import { SessionHubs } from "../hubs/SessionHubs.ts"
import { recordingStored } from "../sessions/SessionEvents.ts"
import type { SessionRow } from "../sessions/SessionRecord.ts"
import { Settings } from "../settings/Settings.ts"
import { type RecordingFilter, recordingPages } from "./internal/recordingPages.ts"
import { type ListedRecording, shownRecording } from "./RecordingInfo.ts"
import { type RecordingRow, type RecordingState, shareOf } from "./RecordingRow.ts"

/** A recording that waits to be stored. */
export interface KeptRecording {
  readonly digest: string
  readonly bytes: number
}

const pageSize = 200

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const settings = yield* Settings
  const [hubs, { id: hubId }] = [yield* SessionHubs, yield* Hubs]

  const get = Effect.fn("Recordings.get")(function* (sessionId: string) {
    const [row] = yield* sql<RecordingRow>`SELECT * FROM recordings WHERE session_id = ${sessionId}`
    return Option.fromNullable(row)
  })

  const session = (sessionId: string) =>
    Effect.map(sql<SessionRow>`SELECT * FROM sessions WHERE session_id = ${sessionId}`, ([row]) =>
      Option.fromNullable(row),
    )

  const begun = Effect.fn("Recordings.begun")(function* (sessionId: SessionId, encrypted: boolean) {
    const share = encrypted ? KeyShare.random().hex : null
    const row = { session_id: sessionId, state: "open", frames: 0, attempts: 0, share, shredded: 0 }
    // What is stored until this one takes its place still needs its own, and so does what another hub has: its agent may go back there.
    const [stored] = yield* hubs.whileHeld(
      sessionId,
      sql<RecordingRow>`INSERT INTO recordings ${sql.insert(row)}
        ON CONFLICT (session_id) DO UPDATE
        SET state = excluded.state, share = CASE WHEN recordings.stored_ms IS NULL AND excluded.share IS NULL THEN NULL
          ELSE COALESCE(recordings.share, excluded.share) END RETURNING *`,
    )
    return Option.flatMap(Option.fromNullable(stored), shareOf)
  })

  const resumed = Effect.fn("Recordings.resumed")(function* (sessionId: SessionId) {
    const [row] = yield* hubs.whileHeld(
      sessionId,
      sql<RecordingRow>`UPDATE recordings SET state = ${"open"}
        WHERE session_id = ${sessionId} AND state NOT IN (${"deleting"}, ${"deleted"}) RETURNING *`,
    )
    return Option.fromNullable(row)
  })

  const kept = Effect.fn("Recordings.kept")(function* (sessionId: SessionId, frames: number) {
    yield* sql`UPDATE recordings SET ${sql.update({ state: "kept", frames, attempts: 0, trouble: null })}
      WHERE session_id = ${sessionId} AND state = ${"open"}`
  })

  const findKept = Effect.fn("Recordings.findKept")(function* (sessionId: SessionId) {
    const row = yield* get(sessionId)
    const isKept = Option.exists(row, ({ state }) => state === "kept")
    if (!isKept || !(yield* hubs.isHere(sessionId))) return Option.none<KeptRecording>()
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
    Effect.catchTag(hubs.whileHeld(sessionId, sql.withTransaction(store(sessionId, digest))), "HeldElsewhere", () =>
      Effect.succeed(false),
    ),
  )

  const waiting = Effect.map(
    sql<{ session_id: SessionId }>`
      SELECT recordings.session_id FROM recordings
      LEFT JOIN session_hubs ON session_hubs.session_id = recordings.session_id
      WHERE state = ${"kept"} AND (hub_id IS NULL OR hub_id = ${hubId})`,
    (rows) => rows.map(({ session_id }) => session_id),
  )

  const troubled = Effect.fn("Recordings.troubled")(function* (sessionId: SessionId, trouble: string) {
    yield* sql`UPDATE recordings SET attempts = attempts + 1, trouble = ${trouble.slice(0, 512)}
      WHERE session_id = ${sessionId} AND state = ${"kept"}`
  })

  const locked = Effect.fn("Recordings.locked")(function* (sessionId: SessionId) {
    const [recording] = yield* sql<RecordingRow>`
      UPDATE recordings SET state = state WHERE session_id = ${sessionId} RETURNING *`
    const row = yield* session(sessionId)
    if (recording === undefined || Option.isNone(row)) {
      return yield* new NotFound({ message: `session ${sessionId} was not recorded` })
    }
    return { recording, session: row.value }
  })

  const idsInState = (state: RecordingState) =>
    Effect.map(sql<{ session_id: SessionId }>`SELECT session_id FROM recordings WHERE state = ${state}`, (rows) =>
      rows.map(({ session_id }) => session_id),
    )

  const list = (filter: RecordingFilter) =>
    Stream.unwrap(
      Effect.map(settings.recordingRetention, (retention) =>
        Stream.map(recordingPages(sql, filter), (row: ListedRecording) => shownRecording(row, retention)),
      ),
    )

  const endedBefore = (ms: number) =>
    Stream.paginateChunkEffect("", (after) =>
      Effect.map(
        sql<{ session_id: SessionId }>`
          SELECT recordings.session_id FROM recordings, sessions
          WHERE recordings.session_id = sessions.session_id AND state = ${"stored"} AND held_ms IS NULL
            AND ended_ms < ${ms} AND recordings.session_id > ${after}
          ORDER BY recordings.session_id LIMIT ${pageSize}`,
        (rows) => [
          Chunk.fromIterable(rows.map(({ session_id }) => session_id)),
          rows.length < pageSize
            ? Option.none()
            : Option.map(Option.fromNullable(rows.at(-1)), (row) => row.session_id),
        ],
      ),
    )

  return {
    list,
    locked,
    endedBefore,
    deleting: idsInState("deleting"),
    get,
    begun,
    resumed,
    kept,
    waiting,
    findKept,
    stored,
    troubled,
  }
})

/** What the cluster knows of its sessions' recordings: where each of them is. */
export class Recordings extends Context.Tag("mezite/auth/Recordings")<
  Recordings,
  {
    /** The newest first, page by page. */
    readonly list: (filter: RecordingFilter) => Stream.Stream<Recording, SqlError>
    /** A recording and its session, and the lock on the recording until the end of the transaction that it is called in. */
    readonly locked: (
      sessionId: SessionId,
    ) => Effect.Effect<{ readonly recording: RecordingRow; readonly session: SessionRow }, NotFound | SqlError>
    /** Those that are stored, may be deleted, and whose session ended before that time (Unix milliseconds). */
    readonly endedBefore: (ms: number) => Stream.Stream<SessionId, SqlError>
    /** Those whose deletion was begun. */
    readonly deleting: Effect.Effect<ReadonlyArray<SessionId>, SqlError>
    readonly get: (sessionId: string) => Effect.Effect<Option.Option<RecordingRow>, SqlError>
    /** It is begun, in a new file on this hub's disk: gives the share of its key, if it is encrypted. */
    readonly begun: (
      sessionId: SessionId,
      encrypted: boolean,
    ) => Effect.Effect<Option.Option<KeyShare>, HeldElsewhere | SqlError>
    /** It is gone on with, on this hub's disk; none where it was never begun, or is deleted. */
    readonly resumed: (sessionId: SessionId) => Effect.Effect<Option.Option<RecordingRow>, HeldElsewhere | SqlError>
    /** It is whole, its bytes are durable on this hub's disk, and its session's row says what it is. */
    readonly kept: (sessionId: SessionId, frames: number) => Effect.Effect<void, SqlError>
    /** Those that wait on this hub's disk to be stored. */
    readonly waiting: Effect.Effect<ReadonlyArray<SessionId>, SqlError>
    /** One that waits on this hub's disk to be stored. */
    readonly findKept: (sessionId: SessionId) => Effect.Effect<Option.Option<KeptRecording>, SqlError>
    /** The recording with this digest is in its place, and `session.recording.stored`; false where it is not the one wanted there. */
    readonly stored: (sessionId: SessionId, digest: string) => Effect.Effect<boolean, SqlError>
    /** It could not be stored, for now. */
    readonly troubled: (sessionId: SessionId, trouble: string) => Effect.Effect<void, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<
    Recordings,
    never,
    SqlClient.SqlClient | AuditLog | Settings | SessionHubs | Hubs
  > = Layer.effect(Recordings, make)
}
