import { randomUUID } from "node:crypto"
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import { StorageFailed } from "../../RecordingStorage.ts"
import type { S3Options } from "../S3Options.ts"
import type { Bucket } from "./Bucket.ts"
import { explainRefusal } from "./explainRefusal.ts"
import type { StoreError } from "./StoreError.ts"
import { sumsOf } from "./sumsOf.ts"

const content = Buffer.from("Mezite may write here.\n")

/**
 * Does once what the hub will do again and again, so that what is wrong with bucket, rights, region or clock is told when the
 * hub starts, in one line. A store that does not answer is no such thing: it may come back.
 */
export const checkBucket = (bucket: Bucket, options: S3Options): Effect.Effect<void, StorageFailed> => {
  const Bucket = bucket.name
  const object = { Bucket, Key: `${bucket.prefix}mezite-check-${randomUUID()}` }
  const attempt = <A>(action: string, request: Parameters<typeof bucket.send<A>>[0]) =>
    Effect.mapError(bucket.send(request), (error) => ({ action, error }))

  return Effect.gen(function* () {
    yield* attempt("s3:ListBucket", (client, send) =>
      client.send(new ListObjectsV2Command({ Bucket, Prefix: bucket.prefix, MaxKeys: 1 }), send),
    )
    yield* attempt("s3:PutObject", (client, send) =>
      client.send(new PutObjectCommand({ ...object, Body: content, ...sumsOf(content) }), send),
    )
    yield* attempt("s3:GetObject", async (client, send) => {
      const { Body } = await client.send(new GetObjectCommand(object), send)
      await Body?.transformToByteArray()
    })
    yield* attempt("s3:DeleteObject", (client, send) => client.send(new DeleteObjectCommand(object), send))
  }).pipe(Effect.catchAll(({ action, error }) => judge(action, error, options)))
}

const judge = (action: string, error: StoreError, options: S3Options): Effect.Effect<void, StorageFailed> => {
  const refusal = explainRefusal(action, error, options)
  if (refusal === undefined) {
    return Effect.logWarning(
      `the recording storage does not answer, and recordings wait until it does: ${error.message}`,
    )
  }
  // Whoever keeps recordings for ever may well keep the hub from deleting them.
  if (action === "s3:DeleteObject") return Effect.logWarning(`recordings cannot be deleted: ${refusal}`)
  return Effect.fail(new StorageFailed({ message: refusal, cause: error }))
}
