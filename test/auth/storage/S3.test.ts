import { HeadObjectCommand } from "@aws-sdk/client-s3"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Redacted, Stream } from "effect"
import { afterAll, beforeAll } from "vitest"
import type { S3Options } from "../../../src/auth/storage/s3/S3Options.ts"
import { RadosGateway } from "../../support/RadosGateway.ts"
import type { Fault, Operation } from "./support/FaultyStore.ts"
import {
  bucketName,
  collect,
  faultyStore,
  finished,
  inBucket,
  limits,
  onceAndWhole,
  prefix,
  s3Storage,
} from "./support/S3Store.ts"

let gateway: RadosGateway
beforeAll(async () => {
  gateway = await RadosGateway.start()
  await gateway.createBucket(bucketName)
  await gateway.createBucket("of-somebody-else")
  await gateway.addUser("other", "OTHER", "other-secret")
})
afterAll(() => gateway?.stop())

const small = 40_000
const large = 3 * limits.partBytes + 777

describe("recordings in S3", () => {
  it.scopedLive("are put whole, once, with their digest, and read from anywhere without the rest", () =>
    Effect.gen(function* () {
      const store = yield* faultyStore(gateway)
      const s3 = yield* s3Storage(gateway, store)
      for (const bytes of [0, 1, small, limits.partBytes, limits.partBytes + 1, large]) {
        const recording = yield* finished(bytes)
        yield* s3.put(recording)
        expect(yield* inBucket(gateway, recording.sessionId)).toEqual(onceAndWhole(recording))
        const { Metadata } = yield* Effect.promise(() =>
          gateway.client.send(
            new HeadObjectCommand({ Bucket: bucketName, Key: `${prefix}${recording.sessionId}.rec` }),
          ),
        )
        expect(Metadata).toEqual({ "mezite-digest": recording.digest })
        const file = Option.getOrThrow(yield* s3.open(recording.sessionId))
        expect(file.size).toBe(bytes)
        expect((yield* collect(file.from(0))).equals(recording.content)).toBe(true)
        expect((yield* collect(file.from(1234))).equals(recording.content.subarray(1234))).toBe(true)
        store.gotten.length = 0
        const piece = yield* file.read(bytes >> 1, 100)
        expect(Buffer.from(piece).equals(recording.content.subarray(bytes >> 1, (bytes >> 1) + 100))).toBe(true)
        expect(store.gotten.reduce((sum, length) => sum + length, 0)).toBe(piece.length)
        yield* s3.remove(recording.sessionId)
        yield* s3.remove(recording.sessionId)
        expect(yield* inBucket(gateway, recording.sessionId)).toEqual({ objects: [], uploads: 0 })
        expect(yield* s3.open(recording.sessionId)).toEqual(Option.none())
      }
    }),
  )

  it.scopedLive("replace nothing but what they are to replace, and put again do nothing", () =>
    Effect.gen(function* () {
      const s3 = yield* s3Storage(gateway, yield* faultyStore(gateway))
      for (const bytes of [small, large]) {
        const first = yield* finished(bytes)
        yield* s3.put(first)
        yield* s3.put(first)
        const other = yield* finished(bytes + 1, first.sessionId)
        expect(yield* Effect.flip(s3.put(other))).toMatchObject({ _tag: "PlaceTaken", digest: first.digest })
        expect(yield* inBucket(gateway, first.sessionId)).toEqual(onceAndWhole(first))
        const opened = Option.getOrThrow(yield* s3.open(first.sessionId))
        yield* s3.put({ ...other, replaces: Option.some(first.digest) })
        expect(yield* inBucket(gateway, first.sessionId)).toEqual(onceAndWhole(other))
        // Who was reading the first does not get a mixture.
        expect(yield* Effect.flip(collect(opened.from(0)))).toMatchObject({ _tag: "StorageFailed" })
      }
    }),
  )

  it.scopedLive("are read as slowly as anybody likes, and no further than is wanted", () =>
    Effect.gen(function* () {
      const store = yield* faultyStore(gateway)
      const s3 = yield* s3Storage(gateway, store)
      const recording = yield* finished(large)
      yield* s3.put(recording)
      const file = Option.getOrThrow(yield* s3.open(recording.sessionId))
      store.gotten.length = 0
      yield* Stream.runDrain(Stream.take(file.from(1234), 1))
      expect(store.gotten).toEqual([limits.windowBytes])
      // Longer than a connection may be silent.
      let pieces = 0
      const slowly = Stream.tap(file.from(0), () => (pieces++ === 1 ? Effect.sleep(limits.idleMs * 1.5) : Effect.void))
      expect((yield* collect(slowly)).equals(recording.content)).toBe(true)
      const windows = store.gotten.slice(1)
      expect(windows.reduce((sum, length) => sum + length, 0)).toBe(large)
      expect(Math.max(...windows)).toBe(limits.windowBytes)
    }),
  )

  it.scopedLive("are read to their end where transfers break off, and not believed where they were changed", () =>
    Effect.gen(function* () {
      const store = yield* faultyStore(gateway)
      const s3 = yield* s3Storage(gateway, store)
      const recording = yield* finished(large)
      yield* s3.put(recording)
      const file = Option.getOrThrow(yield* s3.open(recording.sessionId))
      store.fail("get", { kind: "cut answer" }, 2)
      store.fail("get", { kind: "status", status: 503, code: "SlowDown" })
      expect((yield* collect(file.from(0))).equals(recording.content)).toBe(true)
      store.fail("get", { kind: "cut answer" })
      expect((yield* file.read(5, 1000)).length).toBe(1000)
      store.fail("get", { kind: "damage answer" })
      expect(yield* Effect.flip(collect(file.from(0)))).toMatchObject({
        message: "the recording was changed in the store: its digest does not fit",
      })
    }),
  )

  const slowDown: Fault = { kind: "status", status: 503, code: "SlowDown" }
  const failed: Fault = { kind: "status", status: 500, code: "InternalError" }
  const faults: ReadonlyArray<readonly [string, Operation, Fault, number]> = [
    ["500 to the object", "put", failed, small],
    ["503 SlowDown to the object", "put", slowDown, small],
    ["a time-out in the middle of the object", "put", { kind: "stall" }, small],
    ["a connection cut in the middle of the object", "put", { kind: "cut" }, small],
    ["a wrong checksum of the object", "put", { kind: "damage" }, small],
    ["the answer to the object lost", "put", { kind: "lose answer" }, small],
    ["500 to the begin", "begin", failed, large],
    ["the answer to the begin lost", "begin", { kind: "lose answer" }, large],
    ["500 to a part", "part", failed, large],
    ["503 SlowDown to a part", "part", slowDown, large],
    ["a time-out in the middle of a part", "part", { kind: "stall" }, large],
    ["a connection cut in the middle of a part", "part", { kind: "cut" }, large],
    ["a wrong checksum of a part", "part", { kind: "damage" }, large],
    ["the answer to a part lost", "part", { kind: "lose answer" }, large],
    ["500 to the completion", "complete", failed, large],
    ["an error inside a 200 to the completion", "complete", { ...failed, status: 200 }, large],
    ["the answer to the completion lost", "complete", { kind: "lose answer" }, large],
  ]

  it.scopedLive("are neither lost nor doubled by any fault, be it once or for longer than a request is tried", () =>
    Effect.gen(function* () {
      const outcomes = yield* Effect.forEach(
        faults.flatMap(([what, ...fault]) => [1, 2 * limits.attempts].map((times) => [what, times, ...fault] as const)),
        ([what, times, on, fault, bytes]) =>
          Effect.gen(function* () {
            const store = yield* faultyStore(gateway)
            const s3 = yield* s3Storage(gateway, store)
            const recording = yield* finished(bytes)
            store.fail(on, fault, times)
            yield* Effect.retry(s3.put(recording), { times: 8 })
            expect(store.met).toBeGreaterThan(0)
            const found = yield* inBucket(gateway, recording.sessionId)
            return [what, times, found.uploads, found.objects.length, found.objects[0]?.[1].equals(recording.content)]
          }),
        { concurrency: 12 },
      )
      expect(outcomes).toEqual(
        faults.flatMap(([what]) => [1, 2 * limits.attempts].map((times) => [what, times, 0, 1, true])),
      )
    }),
  )
})

describe("a hub that starts with S3", () => {
  const refusals = (): ReadonlyArray<readonly [Partial<S3Options>, Fault | undefined, string]> => [
    [{ bucket: "no-such" }, undefined, 'there is no bucket "no-such": make it, or correct MEZITE_S3_BUCKET'],
    [
      { credentials: Option.some({ accessKey: "NOBODY", secretKey: Redacted.make("x") }) },
      undefined,
      "the store does not know the access key: correct MEZITE_S3_ACCESS_KEY",
    ],
    [
      { credentials: Option.some({ accessKey: "OTHER", secretKey: Redacted.make("x") }) },
      undefined,
      "the secret key does not belong to the access key: correct MEZITE_S3_SECRET_KEY",
    ],
    [
      { credentials: Option.some({ accessKey: "OTHER", secretKey: Redacted.make("other-secret") }) },
      undefined,
      `the store denies s3:ListBucket on the bucket "${bucketName}": allow it to this hub's credentials (AccessDenied)`,
    ],
    [
      { region: Option.some("us-west-2") },
      {
        kind: "status",
        status: 301,
        code: "PermanentRedirect",
        headers: { "x-amz-bucket-region": "eu-central-1" },
      },
      `the bucket "${bucketName}" is in the region eu-central-1, not in us-west-2: set MEZITE_S3_REGION=eu-central-1`,
    ],
    [
      {},
      {
        kind: "status",
        status: 403,
        code: "RequestTimeTooSkewed",
        headers: { date: new Date(Date.now() - 61 * 60_000).toUTCString() },
      },
      "this machine's clock is 61 minutes ahead of the store's, and S3 refuses more than 15: set it",
    ],
  ]

  it.scopedLive("is told in one line what is wrong with bucket, keys, rights, region or clock", () =>
    Effect.gen(function* () {
      for (const [about, fault, message] of refusals()) {
        const store = yield* faultyStore(gateway)
        if (fault !== undefined) store.fail("list", fault, 100)
        expect(yield* Effect.flip(s3Storage(gateway, store, about))).toMatchObject({ _tag: "StorageFailed", message })
      }
    }),
  )

  it.scopedLive("starts all the same where the store does not answer, and uses it when it does", () =>
    Effect.gen(function* () {
      const store = yield* faultyStore(gateway)
      store.away = true
      const s3 = yield* s3Storage(gateway, store)
      const recording = yield* finished(small)
      expect(yield* Effect.flip(s3.put(recording))).toMatchObject({ _tag: "StorageFailed", away: true })
      store.away = false
      yield* s3.put(recording)
      expect(yield* inBucket(gateway, recording.sessionId)).toEqual(onceAndWhole(recording))
    }),
  )
})
