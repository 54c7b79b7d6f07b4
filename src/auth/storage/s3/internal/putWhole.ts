import type { FileHandle } from "node:fs/promises"
import { PutObjectCommand } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import type { FinishedRecording, StorageFailed } from "../../RecordingStorage.ts"
import type { Bucket } from "./Bucket.ts"
import { digestMetadata } from "./objectHead.ts"
import { conditionally, type PutCondition } from "./PutCondition.ts"
import { readPart } from "./readPart.ts"
import type { StoreError } from "./StoreError.ts"
import { sumsOf } from "./sumsOf.ts"

/** Puts a recording in its place with one request. */
export const putWhole = (
  bucket: Bucket,
  { sessionId, bytes, digest }: FinishedRecording,
  file: FileHandle,
  condition: PutCondition,
): Effect.Effect<void, StorageFailed | StoreError> =>
  Effect.flatMap(readPart(file, Buffer.allocUnsafeSlow(bytes), { offset: 0, length: bytes }), (body) => {
    const request = {
      Bucket: bucket.name,
      Key: bucket.keyOf(sessionId),
      Body: body,
      Metadata: { [digestMetadata]: digest },
      ...sumsOf(body),
    }
    return Effect.asVoid(
      conditionally(condition, (only) =>
        bucket.send((client, options) => client.send(new PutObjectCommand({ ...request, ...only }), options)),
      ),
    )
  })
