import type { Effect } from "effect"
import type { IngestRefused } from "./IngestRefused.ts"

/**
 * A recording that the hub has whole and durably: in its place (`Stored`), or on the hub's own disk, from where it has still to be
 * brought there (`Kept`). SHA-256 of the file, and its size.
 */
export interface WholeRecording {
  readonly _tag: "Stored" | "Kept"
  readonly digest: Uint8Array
  readonly bytes: number
}

/** A recording that is being sent. */
export interface OpenRecording {
  readonly _tag: "Open"
  /** The first frame that the hub does not have durably. */
  readonly nextSeq: number
  /** Takes the entries of one request, at once; true when the End was among them. Throws `IngestRefused`. */
  readonly accept: (request: Uint8Array) => boolean
  /** Whether more may be taken; what is given all the same is taken too. */
  readonly hasRoom: () => boolean
  /** The last frame that is durable. */
  readonly durableSeq: () => number
  /** Calls back each time that more frames are durable. */
  readonly onDurable: (listener: () => void) => void
  /** Never succeeds: fails when the hub, or this stream, can't go on. */
  readonly failure: Effect.Effect<never, IngestRefused>
  /** After the End: ends the session, and puts the recording in its place. */
  readonly finish: Effect.Effect<WholeRecording, IngestRefused>
}
