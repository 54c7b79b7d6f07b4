import { constants, deflateRawSync } from "node:zlib"
import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import {
  compressFrame,
  encodeEntry,
  encodeFrameEntry,
  inflatePayload,
  Limits,
  MAGIC,
  RecordingReader,
  RecordingWriter,
  wireFrame,
} from "../../src/recording/index.ts"
import { concat, outputFrame, parseAll, sessionInfo } from "../support/recordings.ts"

const zeros = (length: number) => wireFrame(outputFrame(1, new Uint8Array(length)))

describe("compression", () => {
  it("is undone exactly", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ minLength: 1, maxLength: 99 }), FastCheck.nat(99), (unit, times) => {
        const payload = concat(Array.from({ length: times + 1 }, () => unit))
        const frame = compressFrame(wireFrame(outputFrame(1, payload)))
        const back = frame.compressed ? inflatePayload(frame.payload, frame.size, 0) : frame.payload
        expect(Buffer.compare(back, payload)).toBe(0)
        expect(frame.payload.length).toBeLessThanOrEqual(payload.length)
      }),
    )
  })

  it("happens only where it pays", () => {
    expect(compressFrame(zeros(255)).compressed).toBe(false)
    expect(compressFrame(zeros(256))).toMatchObject({ compressed: true, size: 256 })
    const noise = Uint8Array.from({ length: 999 }, (_, index) => (index * index * 7919 + (index >> 3) * 104729) >> 3)
    const incompressible = wireFrame(outputFrame(1, noise))
    expect(compressFrame(incompressible).payload.length).toBeLessThanOrEqual(999)
    const packed = compressFrame(zeros(5_000))
    expect(compressFrame(packed)).toBe(packed)
  })

  it.each([
    ["a bomb", deflateRawSync(new Uint8Array(50_000_000)), 1_000],
    ["one byte more", deflateRawSync(new Uint8Array(1_001)), 1_000],
    ["one byte less", deflateRawSync(new Uint8Array(999)), 1_000],
    ["a torn stream", deflateRawSync(new Uint8Array(1_000)).subarray(0, -1), 1_000],
    ["bytes after the stream", Buffer.concat([deflateRawSync(new Uint8Array(1_000)), Buffer.from("x")]), 1_000],
    ["noise", Buffer.from("ffffffff", "hex"), 1_000],
    ["nothing", deflateRawSync(new Uint8Array(0)), 0],
  ])("refuses %s", (_, payload, size) => {
    expect(() => inflatePayload(payload, size, 3)).toThrow(/^at byte 3: a compressed payload does not unpack/)
  })

  it("of a bomb takes no memory", () => {
    const block = deflateRawSync(new Uint8Array(1024 * 1024), { finishFlush: constants.Z_SYNC_FLUSH })
    const bomb = Buffer.concat(Array.from({ length: 400 }, () => block))
    const before = process.resourceUsage().maxRSS
    expect(() => inflatePayload(bomb, Limits.payload, 0)).toThrow("does not unpack")
    // In kilobytes; the bomb holds 400 MiB.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(100 * 1024)
  })

  it("of a bomb in a recording ends reading, with a typed error", () => {
    const writer = RecordingWriter.begin({ info: sessionInfo })
    const bomb = { ...zeros(0), payload: deflateRawSync(new Uint8Array(50_000_000)), compressed: true }
    const start = concat([...writer.take(), encodeFrameEntry(zeros(3))])
    const kinds = [Limits.payload, Limits.payload + 1].map((size) => {
      const entry = encodeFrameEntry({ ...bomb, seq: 2, size })
      return parseAll(new RecordingReader(), [start, entry]).error
    })
    expect(kinds.map((error) => [error?.kind, error?.offset])).toEqual([
      ["Corrupt", start.length],
      ["TooLarge", start.length],
    ])
  })

  it("of an End into endless tiny parts is refused", () => {
    const writer = RecordingWriter.begin({ info: sessionInfo })
    const parts = Buffer.alloc(2 * (Limits.fields + 1))
    for (let at = 0; at < parts.length; at += 2) parts[at] = 0x52
    const { error } = parseAll(new RecordingReader(), [MAGIC, ...writer.take().slice(1), encodeEntry("end", parts)])
    expect(error).toMatchObject({ kind: "TooLarge" })
  })
})
