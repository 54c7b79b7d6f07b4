import { Effect } from "effect"
import { decodeEnd, type RecordingEnd } from "../../recording/End.ts"
import { splitEntries } from "../../recording/Entry.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import { IngestRefused } from "./IngestRefused.ts"

const invalid = (message: string) => new IngestRefused({ reason: "invalid", message })

/** The End in a request of a session that is not recorded: nothing else may be in it. */
export const decodeEndRequest = (request: Uint8Array): Effect.Effect<RecordingEnd, IngestRefused> =>
  Effect.suspend(() => {
    try {
      const [entry, ...more] = splitEntries(request)
      if (entry?.kind !== "end" || more.length > 0) return invalid("a session in mode off has no frames")
      return Effect.succeed(decodeEnd(entry.body, entry.offset))
    } catch (error) {
      if (error instanceof RecordingError) return invalid(error.message)
      throw error
    }
  })
