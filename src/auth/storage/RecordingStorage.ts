import { Context, type Effect, type Option, Schema, type Stream } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"

/** The place where recordings are kept failed; the message is for the hub's log. */
export class StorageFailed extends Schema.TaggedError<StorageFailed>()("StorageFailed", {
  message: Schema.String,
  cause: Schema.optional(Schema.Defect),
}) {}

/** Where a session's recording is: still growing, or whole and in its place. */
export type RecordingPlace = "partial" | "stored"

/** Keeps recordings. A recording grows in a file on the hub's own disk, and is put in its place once it is whole. */
export class RecordingStorage extends Context.Tag("mezite/auth/RecordingStorage")<
  RecordingStorage,
  {
    /** The file in which an unfinished recording grows. */
    readonly partialPath: (sessionId: SessionId) => string
    /** The recordings that are unfinished. */
    readonly partials: Effect.Effect<ReadonlyArray<SessionId>, StorageFailed>
    readonly place: (sessionId: SessionId) => Effect.Effect<Option.Option<RecordingPlace>, StorageFailed>
    /** Puts a finished recording, whose bytes are durable, in its place: at once, whole, and to stay. */
    readonly commit: (sessionId: SessionId) => Effect.Effect<void, StorageFailed>
    /** Takes a recording back, to go on with it. */
    readonly reopen: (sessionId: SessionId) => Effect.Effect<void, StorageFailed>
    /** Drops an unfinished recording in which nothing is. */
    readonly discard: (sessionId: SessionId) => Effect.Effect<void, StorageFailed>
    /** The bytes of a recording, wherever it is, up to what is written now. */
    readonly read: (sessionId: SessionId) => Stream.Stream<Uint8Array, StorageFailed>
  }
>() {}
