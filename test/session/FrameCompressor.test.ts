import { randomBytes } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import { FrameKind } from "../../src/domain/Frame.ts"
import { inflatePayload } from "../../src/recording/Compression.ts"
import type { WireFrame } from "../../src/recording/WireFrame.ts"
import { FrameCompressor } from "../../src/session/FrameCompressor.ts"

const frame = (payload: Uint8Array): WireFrame => ({
  seq: 1,
  timeMs: 0,
  kind: FrameKind.Output,
  compressed: false,
  masked: false,
  payload,
  size: payload.length,
})
const text = frame(Buffer.from("the same again and again; ".repeat(100)))

describe("FrameCompressor", () => {
  it("compresses what shrinks, every time", () => {
    const compressor = new FrameCompressor()
    for (let index = 0; index < 10; index++) {
      const packed = compressor.compress(text)
      expect(packed.compressed).toBe(true)
      expect(Buffer.from(inflatePayload(packed.payload, packed.size, 0))).toEqual(Buffer.from(text.payload))
    }
  })

  it("tries ever more seldom while nothing shrinks, and at once again when something did", () => {
    const compressor = new FrameCompressor()
    for (let index = 0; index < 1000; index++) {
      const noise = frame(randomBytes(4096))
      expect(compressor.compress(noise)).toBe(noise)
    }
    const first = Array.from({ length: 200 }, () => compressor.compress(text).compressed)
    const recovered = first.indexOf(true)
    expect(recovered).toBeGreaterThan(0)
    expect(recovered).toBeLessThanOrEqual(64)
    expect(first.slice(recovered).every(Boolean)).toBe(true)
  })

  it("learns nothing from keystrokes", () => {
    const compressor = new FrameCompressor()
    for (let index = 0; index < 100; index++) compressor.compress(frame(Buffer.from("x")))
    expect(compressor.compress(text).compressed).toBe(true)
  })
})
