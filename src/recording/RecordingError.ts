import { Schema } from "effect"

/**
 * What is wrong with a recording:
 * - `NotARecording`: the magic line is missing;
 * - `UnsupportedVersion`: a format, cipher or codec that this program does not know;
 * - `Truncated`: it stops before its end, as a recording does that is still being written;
 * - `Corrupt`: bytes that no writer writes;
 * - `TooLarge`: an entry, or what it would unpack to, is over its limit;
 * - `Tampered`: a seal or an authentication tag says that bytes were changed;
 * - `UnknownKey`: it is sealed or encrypted with a key that was not given;
 * - `Unsealed`: complete, but nobody vouches for it.
 */
export const RecordingErrorKind = Schema.Literal(
  "NotARecording",
  "UnsupportedVersion",
  "Truncated",
  "Corrupt",
  "TooLarge",
  "Tampered",
  "UnknownKey",
  "Unsealed",
)
export type RecordingErrorKind = typeof RecordingErrorKind.Type

/** A recording could not be read, written or verified from the byte `offset` on; the message is for people. */
export class RecordingError extends Schema.TaggedError<RecordingError>()("RecordingError", {
  kind: RecordingErrorKind,
  /** The byte offset of the entry that is wrong; 0 at the magic line. */
  offset: Schema.Number,
  message: Schema.String,
}) {
  /** The error of this kind; `what` completes "at byte N: …". */
  static at(offset: number, kind: RecordingErrorKind, what: string): RecordingError {
    return new RecordingError({ kind, offset, message: `at byte ${offset}: ${what}` })
  }

  /** A frame whose authentication tag does not fit. */
  static changedFrame(offset: number, seq: number): RecordingError {
    return RecordingError.at(offset, "Tampered", `frame ${seq} was changed: its authentication tag does not fit`)
  }
}
