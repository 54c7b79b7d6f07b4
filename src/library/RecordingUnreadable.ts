import { Schema } from "effect"

/** A recording's file could not be opened or read; the message says why. */
export class RecordingUnreadable extends Schema.TaggedError<RecordingUnreadable>()("RecordingUnreadable", {
  message: Schema.String,
}) {}
