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

/** `length` bytes, fewer only at the end of the object; no others are transferred. */
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
    Effect.filterOrFail(
      (piece) => piece.length === last - offset + 1,
      () => storeError(new Error("the store gave another number of bytes than it was asked for")),
    ),
    Effect.retry(resumed),
    Effect.mapError(cannotRead),
  )
}

/**
 * The bytes from there to the end, window by window: who reads slowly holds no connection, and who stops has had no more than one
 * window too many. What was read from the start is proven at the end.
 */
const readFrom = (reading: Reading, offset: number): Stream.Stream<Uint8Array, StorageFailed> =>
  Stream.suspend(() => {
    const { bytes, digest } = reading.head
    const hash = offset === 0 && digest !== "" ? createHash("sha256") : undefined
    const windows = Stream.unfoldEffect(offset, (at) =>
      at >= bytes
        ? Effect.succeedNone
        : Effect.map(readRange(reading, at, reading.bucket.limits.windowBytes), (window) => {
            hash?.update(window)
            return Option.some([window, at + window.length] as const)
          }),
    )
    return windows.pipe(
      Stream.mapConcat(piecesOf),
      Stream.rechunk(1),
      Stream.concat(Stream.execute(Effect.suspend(() => isProven(hash, digest)))),
    )
  })

/** What is passed on at once. */
const pieceBytes = 256 * 1024

const piecesOf = (window: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(window.length / pieceBytes) }, (_, index) =>
    window.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  )

const isProven = (hash: Hash | undefined, digest: string): Effect.Effect<void, StorageFailed> =>
  hash === undefined || hash.digest("hex") === digest
    ? Effect.void
    : Effect.fail(new StorageFailed({ message: "the recording was changed in the store: its digest does not fit" }))
