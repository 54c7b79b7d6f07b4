import type { RecordingError, RecordingErrorKind } from "../../recording/RecordingError.ts"
import { CommandFailed } from "../CommandFailed.ts"

const verdicts: Record<RecordingErrorKind, string> = {
  NotARecording: "is no recording",
  UnsupportedVersion: "is of a form that this msh does not know",
  Truncated: "is cut off",
  Corrupt: "is damaged",
  TooLarge: "is damaged",
  Tampered: "was changed after it was recorded",
  UnknownKey: "cannot be decrypted",
  Unsealed: "is sealed by nobody",
}

/** Why a recording cannot be read on, in words for who asked for it. */
export const unreadable =
  (recording: string) =>
  ({ kind, message }: RecordingError): CommandFailed =>
    new CommandFailed({ message: `${recording} ${verdicts[kind]}: ${message}` })
