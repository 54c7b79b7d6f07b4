import * as fs from "node:fs"
import { join } from "node:path"
import { Array as Arr } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import { recordingFileName, sessionOfFileName } from "../../domain/RecordingFileName.ts"

/** What a state's file is called, beside its recording. */
const stateFileName = (sessionId: SessionId): string => `${sessionId}.state`

/** Where things are in a spool's directory: `ID.rec` and `ID.state`, and both in `rejected/` once they are set aside. */
export const spoolPaths = (directory: string) => {
  const rejected = join(directory, "rejected")
  const state = (sessionId: SessionId) => join(directory, stateFileName(sessionId))
  const recordings = (folder = directory) => Arr.filterMap(fs.readdirSync(folder), sessionOfFileName)
  return {
    directory,
    rejected,
    recording: (sessionId: SessionId): string => join(directory, recordingFileName(sessionId)),
    state,
    /** The sessions whose recordings are in the spool, or in `rejected`. */
    recordings,
    /** Removes what is noted of recordings that are not there any more. */
    removeStrayStates: (): void => {
      const kept = new Set(recordings().map(stateFileName))
      for (const name of fs.readdirSync(directory)) {
        if (name.endsWith(".state") && !kept.has(name)) fs.rmSync(join(directory, name), { force: true })
      }
    },
    setAside: (sessionId: SessionId) => ({
      recording: join(rejected, recordingFileName(sessionId)),
      state: join(rejected, stateFileName(sessionId)),
    }),
  }
}
