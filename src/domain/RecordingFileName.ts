import { Option, Schema } from "effect"
import { SessionId } from "./Identifiers.ts"

const extension = ".rec"
const isSessionId = Schema.is(SessionId)

/** What the file of a session's recording is called, on an agent as on a hub. */
export const recordingFileName = (sessionId: SessionId): string => sessionId + extension

/** The session whose recording has this file name; none for any other file. */
export const sessionOfFileName = (name: string): Option.Option<SessionId> =>
  name.endsWith(extension) ? Option.liftPredicate(name.slice(0, -extension.length), isSessionId) : Option.none()
