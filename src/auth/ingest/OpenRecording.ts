import type { Effect, Stream } from "effect"
import type { IngestRefused } from "./IngestRefused.ts"

/** A recording in its place: SHA-256 of the file, and its size. */
export interface StoredRecording {
  readonly _tag: "Stored"
  readonly digest: Uint8Array
  readonly bytes: number
}

/** A recording that is being sent. */
export interface OpenRecording {
  readonly _tag: "Open"
  /** The first frame that the hub does not have durably. */
  readonly nextSeq: number
  /** Takes the entries of one request; true once the End was among them. Completes when there is room for more. */
  readonly accept: (request: Uint8Array) => Effect.Effect<boolean, IngestRefused>
  readonly durableSeq: () => number
  /** The last durable frame, each time that there are more; fails when the hub, or this stream, can't go on. */
  readonly durable: Stream.Stream<number, IngestRefused>
  /** After the End: puts the recording in its place. */
  readonly finish: Effect.Effect<StoredRecording, IngestRefused>
}
