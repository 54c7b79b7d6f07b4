import { Schema } from "effect"
import { RecordingMode } from "../domain/RecordingMode.ts"

/** What a node is told about recording, for sessions that begin now. */
export const RecordingSettings = Schema.Struct({
  session_recording: RecordingMode,
  /** What recordings are encrypted for where they wait on the node's disk: X25519, the 32 bytes in base64; null: they are not. */
  spool_key: Schema.NullOr(
    Schema.Struct({
      id: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{16}$/)),
      public_key: Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9+/]{43}=$/)),
    }),
  ),
})
export type RecordingSettings = typeof RecordingSettings.Type
