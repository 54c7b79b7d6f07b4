import { createHash, type Hash } from "node:crypto"
import { GetObjectCommand } from "@aws-sdk/client-s3"
import { Effect, Option, Schedule, Stream } from "effect"
import { StorageFailed, type StoredFile } from "../../RecordingStorage.ts"
import type { Bucket } from "./Bucket.ts"
import { type ObjectHead, objectHead } from "./objectHead.ts"
import { type StoreError, storageFailed, storeError } from "./StoreError.ts"

const cannotRead = storageFailed("the recording cannot be read")

/** When a transfer that broke off is taken up again; the SDK has tried each request some times itself. */
const resumed = Schedule.exponential("200 millis").pipe(
  Schedule.intersect(Schedule.recurs(4)),
  Schedule.whileInput(({ status }: StoreError) => status < 400 || status >= 500),
)

interface Reading {
  readonly bucket: Bucket
  readonly key: string
  readonly head: ObjectHead
}

/** A recording in the bucket; none where it is not there. What is read is one version of it, also where it is replaced meanwhile. */
export const openObject = (bucket: Bucket, key: string): Effect.Effect<Option.Option<StoredFile>, StorageFailed> =>
  objectHead(bucket, key).pipe(
    Effect.mapError(cannotRead),
    Effect.map(
      Option.map((head) => {
        const reading = { bucket, key, head }
        return {
          size: head.bytes,
          read: (offset: number, length: number) => readRange(reading, offset, length),
          from: (offset: number) => readFrom(reading, offset),
        }
      }),
    ),
  )

const get = ({ bucket, key, head }: Reading, range: string) =>
  bucket.send((client, options) =>
    client.send(
      new GetObjectCommand({ Bucket: bucket.name, Key: key, Range: `bytes=${range}`, IfMatch: `"${head.etag}"` }),
      options,
    ),
  )

/** `length` bytes, fewer at the end of the object; no others are transferred. */
const readRange = (reading: Reading, offset: number, length: number): Effect.Effect<Uint8Array, StorageFailed> => {
  const last = Math.min(offset + length, reading.head.bytes) - 1
  if (last < offset) return Effect.succeed(new Uint8Array(0))
  return get(reading, `${offset}-${last}`).pipe(
    Effect.flatMap(({ Body }) =>
      Effect.tryPromise({
        try: async () => (await Body?.transformToByteArray()) ?? new Uint8Array(0),
        catch: storeError,
      }),
    ),
    Effect.retry(resumed),
    Effect.mapError(cannotRead),
  )
}

const bodyOf = (reading: Reading, range: string): Stream.Stream<Uint8Array, StoreError> =>
  Stream.unwrap(
    Effect.map(get(reading, range), ({ Body }) =>
      Stream.fromAsyncIterable(Body as unknown as AsyncIterable<Uint8Array>, storeError),
    ),
  )

/** The bytes from there to the end. Where the transfer breaks off it goes on; what was read from the start is proven at the end. */
const readFrom = (reading: Reading, offset: number): Stream.Stream<Uint8Array, StorageFailed> =>
  Stream.suspend(() => {
    const { bytes, digest } = reading.head
    const hash = offset === 0 && digest !== "" ? createHash("sha256") : undefined
    let at = offset
    const rest = Stream.suspend(() => (at >= bytes ? Stream.empty : bodyOf(reading, `${at}-${bytes - 1}`)))
    return rest.pipe(
      Stream.tap((piece) =>
        Effect.sync(() => {
          hash?.update(piece)
          at += piece.length
        }),
      ),
      Stream.retry(resumed),
      Stream.mapError(cannotRead),
      Stream.concat(Stream.execute(Effect.suspend(() => isProven(hash, digest)))),
    )
  })

const isProven = (hash: Hash | undefined, digest: string): Effect.Effect<void, StorageFailed> =>
  hash === undefined || hash.digest("hex") === digest
    ? Effect.void
    : Effect.fail(new StorageFailed({ message: "the recording was changed in the store: its digest does not fit" }))
