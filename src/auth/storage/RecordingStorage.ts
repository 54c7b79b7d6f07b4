import { Context, type Effect, type Option, Schema, type Scope, type Stream } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { RandomAccess } from "../../recording/RandomAccess.ts"

/** The place where recordings are kept failed; the message is for the hub's log and its admins. */
export class StorageFailed extends Schema.TaggedError<StorageFailed>()("StorageFailed", {
  message: Schema.String,
  /** The whole place is out of reach, or refuses everything: no use in trying the next recording. */
  away: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  cause: Schema.optional(Schema.Defect),
}) {}

/** In a recording's place is another file than the one that was to be put there. */
export class PlaceTaken extends Schema.TaggedError<PlaceTaken>()("PlaceTaken", {
  /** SHA-256 of what is there, in hex; empty where it is not known. */
  digest: Schema.String,
}) {}

/** A recording that is whole, in a file on the hub's own disk whose bytes are durable. */
export interface FinishedRecording {
  readonly sessionId: SessionId
  readonly path: string
  readonly bytes: number
  /** SHA-256 of the file, in hex. */
  readonly digest: string
  /** What may be in its place and is then replaced, by its digest. */
  readonly replaces: Option.Option<string>
}

/** A recording in its place, open to be read for as long as its scope. */
export interface StoredFile extends RandomAccess<StorageFailed> {
  /** The bytes from `offset` on, to the end, in pieces that suit the place. */
  readonly from: (offset: number) => Stream.Stream<Uint8Array, StorageFailed>
}

/** Where finished recordings are kept. */
export class RecordingStorage extends Context.Tag("mezite/auth/RecordingStorage")<
  RecordingStorage,
  {
    /**
     * Puts a recording in its place, to stay: whole, or not at all; what was there before stays until then. Done again it does
     * nothing. The file may be gone after, or still be there.
     */
    readonly put: (recording: FinishedRecording) => Effect.Effect<void, StorageFailed | PlaceTaken>
    readonly open: (sessionId: SessionId) => Effect.Effect<Option.Option<StoredFile>, StorageFailed, Scope.Scope>
    /** Removes a recording, if it is there. */
    readonly remove: (sessionId: SessionId) => Effect.Effect<void, StorageFailed>
  }
>() {}
