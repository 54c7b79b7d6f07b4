import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Option, Stream } from "effect"
import {
  compressFrame,
  framesFrom,
  type Keyframe,
  KeyRing,
  locateEnd,
  pointBefore,
  type RandomAccess,
  RecordingWriter,
  readHeader,
  wireFrame,
} from "../../src/recording/index.ts"
import { concat, masterKey, outputFrame, sessionEnd, sessionInfo, signer, text } from "../support/recordings.ts"

const keys = new KeyRing(masterKey)

/** Bytes in memory that count how many of them were read. */
const counting = (bytes: Uint8Array): RandomAccess & { readonly count: () => number } => {
  let count = 0
  return {
    size: bytes.length,
    count: () => count,
    read: (offset, length) =>
      Effect.sync(() => {
        const piece = bytes.subarray(offset, offset + length)
        count += piece.length
        return piece
      }),
  }
}

const noise = (seq: number): Uint8Array =>
  Uint8Array.from({ length: 5_000 }, (_, index) => (index * 31 + seq * seq * 7919 + (index * index * seq) / 5) >> 2)

/** 300 frames of 5 KB, one each second, and a keyframe each 100 of them. */
const recording = (): Uint8Array => {
  const writer = RecordingWriter.begin({ info: sessionInfo, key: masterKey, signer })
  const keyframes: Array<Keyframe> = []
  for (let seq = 1; seq <= 300; seq++) {
    const timeMs = seq * 1_000
    if (seq % 100 === 0) {
      keyframes.push({ seq, timeMs, offset: writer.offset, cols: 80, rows: 24, screen: text(`screen ${seq}`) })
    }
    writer.append(compressFrame(wireFrame(outputFrame(seq, noise(seq), timeMs))), timeMs)
  }
  writer.finish(sessionEnd, { keyframes })
  return concat(writer.take())
}

const bytes = recording()

describe("random access", () => {
  it.effect("finds the End from the tail, and jumps", () =>
    Effect.gen(function* () {
      const source = counting(bytes)
      const { header, next } = yield* readHeader(source)
      expect(header.info).toEqual(sessionInfo)
      expect(bytes[next]).toBe(0x0a)
      const { end } = yield* Effect.flatten(locateEnd(source))
      const point = Option.getOrThrow(pointBefore(end.seekPoints, 200_000))
      expect(200_000 - point.timeMs).toBeLessThan(10_000)
      const frames = yield* framesFrom(source, header, point, { keys }).pipe(Stream.take(20), Stream.runCollect)
      expect(Chunk.toReadonlyArray(frames).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 20 }, (_, index) => point.seq + index),
      )
      expect(Buffer.compare(Chunk.unsafeGet(frames, 3).payload, noise(point.seq + 3))).toBe(0)
      expect(source.count()).toBeLessThan(bytes.length / 3)
    }),
  )

  it.effect("reads to the end from a keyframe", () =>
    Effect.gen(function* () {
      const source = counting(bytes)
      const { header } = yield* readHeader(source)
      const { end, offset } = yield* Effect.flatten(locateEnd(source))
      const keyframe = Option.getOrThrow(pointBefore(end.keyframes, 250_000))
      expect(keyframe.seq).toBe(200)
      const cipher = keys.cipherFor(header)
      const screen = cipher?.decryptKeyframe(keyframe, offset).screen ?? []
      expect(Buffer.from(screen).toString()).toBe("screen 200")
      const frames = yield* Stream.runCollect(framesFrom(source, header, keyframe, { keys }))
      expect(Chunk.size(frames)).toBe(101)
    }),
  )

  it.effect("refuses a seek point that lies", () =>
    Effect.gen(function* () {
      const source = counting(bytes)
      const { header } = yield* readHeader(source)
      const { end } = yield* Effect.flatten(locateEnd(source))
      const point = end.seekPoints[3] ?? { seq: 0, offset: 0, timeMs: 0 }
      for (const change of [{ seq: 1 }, { offset: point.offset + 1 }, { timeMs: 1e9 }]) {
        const lie = framesFrom(source, header, { ...point, ...change }, { keys })
        expect((yield* Effect.flip(Stream.runDrain(lie))).kind).toBe("Corrupt")
      }
    }),
  )

  it.effect("finds no End where there is none", () =>
    Effect.gen(function* () {
      for (const part of [bytes.subarray(0, -1), bytes.subarray(0, -158), bytes.subarray(0, 90), new Uint8Array(0)]) {
        expect(yield* locateEnd(counting(part))).toEqual(Option.none())
      }
      expect((yield* Effect.flip(readHeader(counting(bytes.subarray(0, 40))))).kind).toBe("Truncated")
    }),
  )

  it("finds the point before a time", () => {
    const points = [10, 20, 20, 30].map((timeMs, index) => ({ timeMs, offset: index + 1, seq: index + 1 }))
    const seqAt = (timeMs: number) => Option.getOrUndefined(Option.map(pointBefore(points, timeMs), ({ seq }) => seq))
    expect([0, 10, 11, 20, 21, 30, 99].map(seqAt)).toEqual([undefined, undefined, 1, 1, 3, 3, 4])
    expect(pointBefore([], 5)).toEqual(Option.none())
  })
})
