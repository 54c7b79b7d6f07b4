import { DeleteObjectCommand } from "@aws-sdk/client-s3"
import { Effect, Layer } from "effect"
import { RecordingStorage, type StorageFailed } from "../RecordingStorage.ts"
import { openBucket } from "./internal/Bucket.ts"
import { checkBucket } from "./internal/checkBucket.ts"
import { openObject } from "./internal/openObject.ts"
import { putRecording } from "./internal/putRecording.ts"
import { storageFailed } from "./internal/StoreError.ts"
import { type S3Limits, type S3Options, usualLimits } from "./S3Options.ts"

/**
 * Keeps recordings in a bucket, as `PREFIX<session-id>.rec`: an object appears whole or not at all, and replaces nothing that
 * it is not to replace. Fails where the bucket can't be used as it is configured; where the store only does not answer, it
 * is used when it does.
 */
export const layer = (
  options: S3Options,
  limits: S3Limits = usualLimits,
): Layer.Layer<RecordingStorage, StorageFailed> =>
  Layer.scoped(
    RecordingStorage,
    Effect.gen(function* () {
      const bucket = yield* openBucket(options, limits)
      yield* checkBucket(bucket, options)
      return RecordingStorage.of({
        put: (recording) =>
          Effect.catchTag(putRecording(bucket, recording), "StoreError", (error) =>
            Effect.fail(storageFailed("the recording cannot be stored")(error)),
          ),
        open: (sessionId) => openObject(bucket, bucket.keyOf(sessionId)),
        remove: (sessionId) =>
          bucket
            .send((client, send) =>
              client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: bucket.keyOf(sessionId) }), send),
            )
            .pipe(Effect.mapError(storageFailed("the recording cannot be removed")), Effect.asVoid),
      })
    }),
  )
