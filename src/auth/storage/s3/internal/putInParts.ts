import type { FileHandle } from "node:fs/promises"
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3"
import { Effect, Exit, Queue } from "effect"
import type { FinishedRecording, StorageFailed } from "../../RecordingStorage.ts"
import type { Bucket } from "./Bucket.ts"
import { digestMetadata } from "./objectHead.ts"
import { conditionally, type PutCondition } from "./PutCondition.ts"
import { readPart } from "./readPart.ts"
import { isAbsent, isDamaged, type StoreError } from "./StoreError.ts"
import { sumsOf } from "./sumsOf.ts"

/** S3 takes no more parts of one object. */
const maxParts = 10_000
/** Parts of one recording that are under way at once; so much memory it takes. */
const lanes = 2

interface Part {
  readonly number: number
  readonly offset: number
  readonly length: number
}

/** The parts of a file, each of `partBytes` but the last, or larger where there would be too many. */
export const partsOf = (bytes: number, partBytes: number): ReadonlyArray<Part> => {
  const size = Math.max(partBytes, Math.ceil(bytes / maxParts))
  return Array.from({ length: Math.ceil(bytes / size) }, (_, index) => ({
    number: index + 1,
    offset: index * size,
    length: Math.min(size, bytes - index * size),
  }))
}

/** Puts a recording in its place part by part: it is there, whole, when the last request succeeds, and not before. */
export const putInParts = (
  bucket: Bucket,
  recording: FinishedRecording,
  file: FileHandle,
  condition: PutCondition,
): Effect.Effect<void, StorageFailed | StoreError> => {
  const object = { Bucket: bucket.name, Key: bucket.keyOf(recording.sessionId) }
  return Effect.acquireUseRelease(
    begin(bucket, object, recording.digest),
    (UploadId) =>
      Effect.flatMap(sendParts(bucket, { ...object, UploadId }, recording, file), (Parts) =>
        conditionally(condition, (only) =>
          complete(bucket, { ...object, UploadId, MultipartUpload: { Parts }, ...only }),
        ),
      ),
    (UploadId, exit) => (Exit.isSuccess(exit) ? Effect.void : abort(bucket, { ...object, UploadId })),
  ).pipe(Effect.zipRight(abortLeftOver(bucket, object)))
}

interface ObjectName {
  readonly Bucket: string
  readonly Key: string
}
interface Upload extends ObjectName {
  readonly UploadId: string
}

const begin = (bucket: Bucket, object: ObjectName, digest: string) =>
  Effect.map(
    bucket.send((client, options) =>
      client.send(
        new CreateMultipartUploadCommand({
          ...object,
          ChecksumAlgorithm: "SHA256",
          Metadata: { [digestMetadata]: digest },
        }),
        options,
      ),
    ),
    ({ UploadId = "" }) => UploadId,
  )

const sendParts = (bucket: Bucket, upload: Upload, { bytes }: FinishedRecording, file: FileHandle) =>
  Effect.gen(function* () {
    const parts = partsOf(bytes, bucket.limits.partBytes)
    // Used again and again: garbage of this size would be collected late.
    const buffers = yield* Queue.unbounded<Buffer>()
    const size = parts[0]?.length ?? 0
    yield* Queue.offerAll(
      buffers,
      Array.from({ length: Math.min(lanes, parts.length) }, () => Buffer.allocUnsafeSlow(size)),
    )
    const send = (part: Part) =>
      Effect.acquireUseRelease(
        Queue.take(buffers),
        (buffer) => Effect.flatMap(readPart(file, buffer, part), (body) => sendPart(bucket, upload, part, body)),
        (buffer) => Queue.offer(buffers, buffer),
      )
    return yield* Effect.forEach(parts, send, { concurrency: lanes })
  })

/** A part that was damaged on its way is sent again. */
const sendPart = (bucket: Bucket, upload: Upload, { number }: Part, body: Buffer) => {
  const request = { ...upload, PartNumber: number, Body: body, ...sumsOf(body) }
  return bucket
    .send((client, options) => client.send(new UploadPartCommand(request), options))
    .pipe(
      Effect.retry({ times: bucket.limits.attempts - 1, while: isDamaged }),
      Effect.map(
        ({ ETag, ChecksumSHA256 }): CompletedPart => ({
          PartNumber: number,
          ...(ETag === undefined ? {} : { ETag }),
          ...(ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 }),
        }),
      ),
    )
}

const complete = (bucket: Bucket, request: CompleteMultipartUploadCommand["input"]) =>
  Effect.asVoid(bucket.send((client, options) => client.send(new CompleteMultipartUploadCommand(request), options)))

/** Parts that nobody completes cost money, and show nowhere. Those that a store keeps which is away now, the next attempt finds. */
const abort = (bucket: Bucket, upload: Upload) =>
  bucket
    .send((client, options) => client.send(new AbortMultipartUploadCommand(upload), options))
    .pipe(
      Effect.interruptible,
      Effect.timeoutOption("5 seconds"),
      Effect.catchIf(isAbsent, () => Effect.void),
      Effect.catchAll(({ message }) => Effect.logWarning(`parts of ${upload.Key} are left in the bucket: ${message}`)),
    )

/** What is left of attempts that nobody could clear up: the hub was killed, or never learnt that the store had begun. */
const abortLeftOver = (bucket: Bucket, object: ObjectName) =>
  bucket
    .send((client, options) =>
      client.send(new ListMultipartUploadsCommand({ Bucket: object.Bucket, Prefix: object.Key }), options),
    )
    .pipe(
      Effect.flatMap(({ Uploads = [] }) =>
        Effect.forEach(Uploads, ({ UploadId = "" }) => abort(bucket, { ...object, UploadId }), { discard: true }),
      ),
      Effect.catchAll(({ message }) =>
        Effect.logWarning(`parts of ${object.Key} may be left in the bucket: ${message}`),
      ),
    )
