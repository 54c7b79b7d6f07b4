import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { FrameKind } from "../../src/domain/Frame.ts"
import {
  compressFrame,
  decodeGap,
  decodeResize,
  encodeGap,
  encodeResize,
  readEntries,
  readFrames,
  readRecording,
  scanRecording,
  verifyRecording,
  wireFrame,
} from "../../src/recording/index.ts"
import { masterKey, outputFrame, pieces, signer, text, writeRecording } from "../support/recordings.ts"

const frames = [1, 2, 3, 4].map((seq) => outputFrame(seq, text(`frame ${seq}`)))
const bytes = writeRecording(frames, { signer })
const streamOf = (file: Uint8Array, cuts: ReadonlyArray<number> = [40, 300, 301]) =>
  Stream.fromIterable(pieces(file, cuts))

describe("streams of recordings", () => {
  it.effect("give everything, then end", () =>
    Effect.gen(function* () {
      const events = yield* Stream.runCollect(readRecording(streamOf(bytes), { publicKeys: [signer.publicKey] }))
      expect(Chunk.toReadonlyArray(events).map(({ _tag }) => _tag)).toEqual([
        "Header",
        "Frame",
        "Frame",
        "Frame",
        "Frame",
        "End",
        "Seal",
      ])
      const entries = yield* Stream.runCollect(readEntries(streamOf(bytes)))
      expect(Chunk.toReadonlyArray(entries).map(({ _tag }) => _tag)).toEqual(
        Chunk.toReadonlyArray(events).map(({ _tag }) => _tag),
      )
    }),
  )

  it.effect("give what is good before the error, also within one piece", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const torn = readFrames(Stream.make(bytes.subarray(0, bytes.length - 230)))
      const error = yield* Effect.flip(Stream.runForEach(torn, ({ seq }) => Effect.sync(() => seen.push(seq))))
      expect(error).toMatchObject({ _tag: "RecordingError", kind: "Truncated" })
      expect(seen).toEqual([1, 2, 3])
    }),
  )

  it.effect("give the header of what cannot be decrypted", () =>
    Effect.gen(function* () {
      const secret = writeRecording(frames, { key: masterKey })
      const tags: Array<string> = []
      const error = yield* readRecording(streamOf(secret)).pipe(
        Stream.runForEach(({ _tag }) => Effect.sync(() => tags.push(_tag))),
        Effect.flip,
      )
      expect(tags).toEqual(["Header"])
      expect(error.kind).toBe("UnknownKey")
      expect(error.message).toContain(masterKey.id)
    }),
  )

  it.effect("pass on their source's failure", () =>
    Effect.gen(function* () {
      const broken = Stream.concat(Stream.make(bytes.subarray(0, 99)), Stream.fail("disk" as const))
      expect(yield* Effect.flip(Stream.runDrain(readFrames(broken)))).toBe("disk")
      expect(yield* Effect.flip(verifyRecording(broken, []))).toBe("disk")
      expect(yield* Effect.flip(scanRecording(broken))).toBe("disk")
    }),
  )

  it.effect("unpack little by little", () =>
    Effect.gen(function* () {
      const big = Array.from({ length: 64 }, (_, index) => outputFrame(index + 1, new Uint8Array(1_000_000)))
      const small = writeRecording(big, { compress: true })
      expect(small.length).toBeLessThan(400_000)
      expect(compressFrame(wireFrame(big[0] ?? outputFrame(1, small))).compressed).toBe(true)
      let largest = 0
      yield* readFrames(Stream.make(small)).pipe(
        Stream.runForEachChunk((chunk) =>
          Effect.sync(() => {
            const size = Chunk.reduce(chunk, 0, (sum, { payload }) => sum + payload.length)
            largest = Math.max(largest, size)
          }),
        ),
      )
      expect(largest).toBeLessThanOrEqual(2_000_000)
    }),
  )

  it.effect("come in any number of pieces", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 5_000 }, (_, index) => outputFrame(index + 1, text(`frame ${index}`)))
      const file = writeRecording(many, { signer })
      const single = Array.from(file, (_, at) => file.subarray(at, at + 1))
      const count = yield* Stream.runCount(readFrames(Stream.fromIterable(single), { publicKeys: [signer.publicKey] }))
      expect(count).toBe(5_000)
    }),
  )

  it.effect("verify and scan", () =>
    Effect.gen(function* () {
      expect((yield* verifyRecording(streamOf(bytes), [signer.publicKey]))._tag).toBe("Whole")
      expect(yield* scanRecording(streamOf(bytes))).toMatchObject({ whole: true, progress: { seq: 4 } })
    }),
  )

  it("know what resize and gap frames hold", () => {
    expect(FrameKind.Gap).toBe(10)
    expect(decodeResize(encodeResize({ cols: 132, rows: 50 }))).toEqual({ cols: 132, rows: 50 })
    const gap = { reason: "spool lost", frames: 3, bytes: 2 ** 40, events: 5 }
    expect(decodeGap(encodeGap(gap))).toEqual(gap)
    expect(() => decodeGap(Buffer.from("10ffffffffffffffffff01", "hex"))).toThrow("payload of a gap frame")
    expect(() => decodeResize(Buffer.from("08", "hex"))).toThrow("payload of a resize frame")
  })
})
