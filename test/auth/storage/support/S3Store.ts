import { createHash, randomBytes, randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3"
import { Chunk, Context, Effect, Layer, Option, Redacted, Stream } from "effect"
import { RecordingStorage } from "../../../../src/auth/storage/RecordingStorage.ts"
import * as S3 from "../../../../src/auth/storage/s3/S3.ts"
import type { S3Limits, S3Options } from "../../../../src/auth/storage/s3/S3Options.ts"
import { SessionId } from "../../../../src/domain/Identifiers.ts"
import type { RadosGateway } from "../../../support/RadosGateway.ts"
import { temporaryFolder } from "../../support/TestHub.ts"
import { FaultyStore } from "./FaultyStore.ts"

export const bucketName = "mezite-recordings"
export const prefix = "recordings/"
export const limits: S3Limits = {
  partBytes: 128 * 1024,
  windowBytes: 64 * 1024,
  connectMs: 1000,
  idleMs: 700,
  attempts: 3,
}

/** How a hub reaches a gateway's bucket through that endpoint. */
export const s3Options = (gateway: RadosGateway, endpoint: string): S3Options => ({
  bucket: bucketName,
  region: Option.none(),
  credentials: Option.some({ accessKey: gateway.accessKey, secretKey: Redacted.make(gateway.secretKey) }),
  prefix,
  forcePathStyle: true,
  endpoint: Option.some(endpoint),
})

/** A way to the gateway of a test's own, on which it may put faults. */
export const faultyStore = (gateway: RadosGateway) =>
  Effect.acquireRelease(
    Effect.promise(() => FaultyStore.start(gateway.port)),
    (store) => Effect.sync(() => store.stop()),
  )

/** The storage that the product has on S3, over that way. */
export const s3Storage = (gateway: RadosGateway, store: FaultyStore, about: Partial<S3Options> = {}) =>
  Effect.map(
    Layer.build(Layer.fresh(S3.layer({ ...s3Options(gateway, store.endpoint), ...about }, limits))),
    Context.get(RecordingStorage),
  )

/** A file as a hub finishes it. */
export const finished = (bytes: number, sessionId = SessionId.make(randomUUID())) =>
  Effect.map(temporaryFolder, (folder) => {
    const content = randomBytes(bytes)
    const path = join(folder, "finished.rec")
    writeFileSync(path, content)
    const digest = createHash("sha256").update(content).digest("hex")
    return { sessionId, path, bytes, digest, replaces: Option.none<string>(), content }
  })
export type Finished = Effect.Effect.Success<ReturnType<typeof finished>>

/** Every object of a session by its key, with its bytes; and uploads that nobody completed. */
export const inBucket = ({ client }: RadosGateway, sessionId: string) =>
  Effect.promise(async () => {
    const place = { Bucket: bucketName, Prefix: prefix + sessionId }
    const { Contents = [] } = await client.send(new ListObjectsV2Command(place))
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand(place))
    const objects = await Promise.all(
      Contents.map(async ({ Key = "" }) => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucketName, Key }))
        return [Key, Buffer.from((await Body?.transformToByteArray()) ?? [])] as const
      }),
    )
    return { objects, uploads: Uploads.length }
  })

/** What is in a bucket where a recording is there once, and whole. */
export const onceAndWhole = ({ sessionId, content }: Finished) => ({
  objects: [[`${prefix}${sessionId}.rec`, content] as const],
  uploads: 0,
})

/** All that a stream gives. */
export const collect = <E>(bytes: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(bytes), (pieces) => Buffer.concat(Chunk.toReadonlyArray(pieces)))
