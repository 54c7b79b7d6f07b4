import * as fs from "node:fs"
import { Effect, Option } from "effect"
import { fileAttempt } from "../../internal/fileAttempt.ts"
import { type FinishedRecording, type PlaceTaken, StorageFailed } from "../../RecordingStorage.ts"
import type { Bucket } from "./Bucket.ts"
import { type ObjectHead, objectHead } from "./objectHead.ts"
import { decidePut, type PutCondition, PutDecision } from "./PutCondition.ts"
import { putInParts } from "./putInParts.ts"
import { putWhole } from "./putWhole.ts"
import { isTaken, type StoreError } from "./StoreError.ts"

type Failed = StorageFailed | PlaceTaken | StoreError

const opened = (path: string) =>
  Effect.acquireRelease(
    fileAttempt(path, () => fs.promises.open(path, "r")),
    (file) => Effect.promise(() => file.close()),
  )

/**
 * Puts a recording in its place, unless it is there: by an attempt whose answer was lost, say. What is there is looked at where
 * something is.
 */
export const putRecording = (bucket: Bucket, recording: FinishedRecording): Effect.Effect<void, Failed> => {
  const inParts = recording.bytes > bucket.limits.partBytes
  const look = objectHead(bucket, bucket.keyOf(recording.sessionId))

  const send = (condition: PutCondition) =>
    Effect.scoped(
      Effect.flatMap(opened(recording.path), (file) =>
        inParts ? putInParts(bucket, recording, file, condition) : putWhole(bucket, recording, file, condition),
      ),
    )

  const putOver = (there: Option.Option<ObjectHead>): Effect.Effect<void, Failed> =>
    Effect.flatMap(
      decidePut(recording, there),
      PutDecision.$match({ There: () => Effect.void, Put: ({ condition }) => send(condition) }),
    )

  // A large recording is not sent in vain; a small one is there with one request.
  const put = inParts ? Effect.flatMap(look, putOver) : putOver(Option.none())
  return put.pipe(
    Effect.catchIf(
      (error) => error._tag === "StoreError" && isTaken(error),
      () => Effect.flatMap(look, putOver),
    ),
    Effect.zipRight(inParts ? isWhole(recording, look) : Effect.void),
  )
}

/** A store puts parts together by itself: that they are all there is checked. */
const isWhole = (recording: FinishedRecording, look: ReturnType<typeof objectHead>) =>
  Effect.flatMap(look, (there) =>
    Option.exists(there, ({ bytes, digest }) => bytes === recording.bytes && digest === recording.digest)
      ? Effect.void
      : Effect.fail(new StorageFailed({ message: "the store put together something else than what was sent" })),
  )
