import { type Duration, Effect } from "effect"
import type { SessionInfo } from "../domain/SessionInfo.ts"
import { encodeEndEntry } from "../recording/End.ts"
import { MAGIC } from "../recording/EntrySplitter.ts"
import { encodeHeaderEntry } from "../recording/Header.ts"
import { AppendFile } from "./AppendFile.ts"
import type { FileFailed } from "./FileFailed.ts"
import { type LocalSink, RecordingLost } from "./RecordingSink.ts"

export interface FileSinkOptions {
  /** A new file; one that exists is never written over. */
  readonly path: string
  readonly info: SessionInfo
  /** How long written bytes may wait to be made durable. */
  readonly syncEvery: Duration.DurationInput
}

const lost = (failed: FileFailed) =>
  new RecordingLost({ message: `the recording cannot be written: ${failed.message}`, cause: failed })

/**
 * Records to a `.rec` file on this machine: in clear and without seals, for a seal is the word of somebody else than the
 * recorder. The header is durable before this succeeds.
 */
export const make = Effect.fn("FileSink.make")(function* ({ path, info, syncEvery }: FileSinkOptions) {
  const file = yield* AppendFile.make({ path, position: 0, syncEvery, writes: "inCall" })
  file.append(MAGIC)
  file.append(encodeHeaderEntry({ info, deflate: true }))
  yield* file.flush
  const sink: LocalSink = {
    offer: ({ entry }) => file.append(entry),
    keep: () => file.keep(),
    ready: Effect.ignore(file.ready),
    failure: Effect.mapError(file.durable.failure, lost),
    finish: (end) =>
      Effect.suspend(() => {
        file.append(encodeEndEntry(end))
        return Effect.mapError(file.flush, lost)
      }),
  }
  return sink
}, Effect.mapError(lost))
