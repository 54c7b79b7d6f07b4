import { decodeEnd, type RecordingEnd } from "../../recording/End.ts"
import { splitEntries } from "../../recording/Entry.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import { agentLostReason } from "../sessions/SessionRecord.ts"
import { IngestRefused } from "./IngestRefused.ts"

const invalid = (message: string) => new IngestRefused({ reason: "invalid", message })

/** The End in a request of a session that is not recorded: nothing else may be in it. Throws `IngestRefused`. */
export const decodeEndRequest = (request: Uint8Array): RecordingEnd => {
  try {
    const [entry, ...more] = splitEntries(request)
    if (entry?.kind !== "end" || more.length > 0) throw invalid("a session in mode off has no frames")
    const end = decodeEnd(entry.body, entry.offset)
    // Such a session may come back; none that its agent ended may.
    if (end.reason === agentLostReason) throw invalid("only the hub can tell that an agent was lost")
    return end
  } catch (error) {
    throw error instanceof RecordingError ? invalid(error.message) : error
  }
}
