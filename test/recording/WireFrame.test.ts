import { create, fromBinary, toBinary } from "@bufbuild/protobuf"
import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import { FrameKind } from "../../src/domain/Frame.ts"
import { EntrySchema, RecordingSchema } from "../../src/recording/gen/mezite/recording/v1/recording_pb.ts"
import {
  checkFrame,
  decodeFrame,
  encodeFrameEntry,
  Limits,
  RecordingError,
  splitEntries,
  type WireFrame,
} from "../../src/recording/index.ts"

const wireFrames: FastCheck.Arbitrary<WireFrame> = FastCheck.record({
  seq: FastCheck.maxSafeNat().map((seq) => Math.max(1, seq)),
  timeMs: FastCheck.oneof(FastCheck.nat(300), FastCheck.maxSafeNat()),
  kind: FastCheck.constantFrom(...Object.values(FrameKind)),
  compressed: FastCheck.boolean(),
  masked: FastCheck.boolean(),
  payload: FastCheck.uint8Array({ maxLength: 400 }),
  size: FastCheck.oneof(FastCheck.nat(300), FastCheck.nat(0xffff_ffff)),
})

const generatedEntry = (frame: WireFrame) =>
  create(EntrySchema, {
    entry: {
      case: "frame",
      value: { ...frame, seq: BigInt(frame.seq), timeMs: BigInt(frame.timeMs), $typeName: "mezite.recording.v1.Frame" },
    },
  })

const fail = (attempt: () => unknown): RecordingError => {
  try {
    attempt()
  } catch (error) {
    if (error instanceof RecordingError) return error
    throw error
  }
  throw new Error("nothing was refused")
}

describe("the frame codec", () => {
  it("writes what the generated code writes", () => {
    FastCheck.assert(
      FastCheck.property(wireFrames, (frame) => {
        const generated = toBinary(RecordingSchema, create(RecordingSchema, { entries: [generatedEntry(frame)] }))
        expect(Buffer.compare(encodeFrameEntry(frame), generated)).toBe(0)
      }),
    )
  })

  it("reads what the generated code writes, and the other way round", () => {
    FastCheck.assert(
      FastCheck.property(wireFrames, (frame) => {
        const bytes = toBinary(RecordingSchema, create(RecordingSchema, { entries: [generatedEntry(frame)] }))
        const [entry] = splitEntries(bytes)
        expect(entry?.kind).toBe("frame")
        expect(decodeFrame(entry?.body ?? new Uint8Array(0), 0)).toEqual(frame)
        const parsed = fromBinary(RecordingSchema, encodeFrameEntry(frame)).entries[0]?.entry
        expect(parsed?.value).toMatchObject({ seq: BigInt(frame.seq), size: frame.size, payload: frame.payload })
      }),
    )
  })

  it("gives payloads as views", () => {
    const frame: WireFrame = {
      seq: 1,
      timeMs: 0,
      kind: 1,
      compressed: false,
      masked: false,
      payload: Uint8Array.of(1, 2),
      size: 2,
    }
    const bytes = encodeFrameEntry(frame)
    const [entry] = splitEntries(bytes)
    expect(decodeFrame(entry?.body ?? bytes, 0).payload.buffer).toBe(bytes.buffer)
  })

  it("agrees with the generated code on any bytes that both take", () => {
    FastCheck.assert(
      FastCheck.property(wireFrames, FastCheck.nat(), FastCheck.nat(255), (frame, at, value) => {
        const bytes = encodeFrameEntry(frame)
        bytes[at % bytes.length] = value
        let mine: WireFrame
        try {
          const [entry] = splitEntries(bytes)
          if (entry?.kind !== "frame") return
          mine = decodeFrame(entry.body, 0)
        } catch (error) {
          expect(error).toBeInstanceOf(RecordingError)
          return
        }
        const theirs = fromBinary(RecordingSchema, bytes).entries[0]?.entry.value
        expect(theirs).toMatchObject({
          seq: BigInt(mine.seq),
          timeMs: BigInt(mine.timeMs),
          kind: mine.kind,
          compressed: mine.compressed,
          masked: mine.masked,
          payload: mine.payload,
          size: mine.size,
        })
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ["08018008", "malformed"],
    ["0a00", "wrong type"],
    ["0801", "unknown kind"],
    ["1801", "no sequence number"],
    ["0801180b", "unknown kind"],
    ["08ffffffffffffffffff7f1801", "larger than 2^53-1"],
    ["080118013205aa", "runs past"],
    ["08", "runs past"],
    ["080118013b", "wrong type"],
    ["0801180147", "not in use"],
  ])("refuses %s", (hex, message) => {
    const error = fail(() => decodeFrame(Buffer.from(hex, "hex"), 77))
    expect(error).toMatchObject({ kind: "Corrupt", offset: 77 })
    expect(error.message).toContain(message)
  })

  it("passes over unknown fields", () => {
    const frame = decodeFrame(Buffer.from("08011801480552024142", "hex"), 0)
    expect(frame).toMatchObject({ seq: 1, kind: 1, size: 0 })
  })
})

describe("checkFrame", () => {
  const good: WireFrame = {
    seq: 1,
    timeMs: 0,
    kind: 1,
    compressed: false,
    masked: false,
    payload: new Uint8Array(20),
    size: 20,
  }
  const clear = { deflate: true }
  const secret = { scheme: "master", deflate: true } as const

  it("takes frames whose parts agree", () => {
    checkFrame(good, clear, 0)
    checkFrame({ ...good, size: 4 }, secret, 0)
    checkFrame({ ...good, compressed: true, size: 900 }, clear, 0)
    checkFrame({ ...good, masked: true, payload: new Uint8Array(0), size: 4_000_000_000 }, clear, 0)
    checkFrame({ ...good, masked: true, payload: new Uint8Array(16) }, secret, 0)
  })

  it.each([
    [{ size: 19 }, clear, "Corrupt"],
    [{ masked: true }, clear, "Corrupt"],
    [{ payload: new Uint8Array(15), size: 0 }, secret, "Corrupt"],
    [{ size: 20 }, secret, "Corrupt"],
    [{ compressed: true, size: 19 }, clear, "Corrupt"],
    [{ compressed: true, size: 900 }, { deflate: false }, "Corrupt"],
    [{ compressed: true, size: Limits.payload + 1 }, clear, "TooLarge"],
    [{ masked: true, compressed: true, payload: new Uint8Array(0) }, clear, "Corrupt"],
  ] as const)("refuses %o", (change, form, kind) => {
    expect(fail(() => checkFrame({ ...good, ...change }, form, 5))).toMatchObject({ kind, offset: 5 })
  })
})
