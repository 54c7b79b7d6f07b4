import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck } from "effect"
import { Packr, Unpackr } from "msgpackr"
import { checkMessagePack } from "../../src/api/transport/checkMessagePack.ts"

const packr = new Packr({ useRecords: false })
const pack = (value: unknown): Buffer => Buffer.from(packr.pack(value))
const many = (bytes: ReadonlyArray<number>, times: number) => Buffer.alloc(bytes.length * times, Buffer.from(bytes))

const anything = FastCheck.anything({
  maxDepth: 8,
  withNullPrototype: false,
  values: [
    FastCheck.string(),
    FastCheck.double(),
    FastCheck.maxSafeInteger(),
    FastCheck.boolean(),
    FastCheck.constant(null),
    FastCheck.constant(undefined),
    FastCheck.uint8Array({ maxLength: 70_000 }),
  ],
})

describe("a message in MessagePack", () => {
  it.prop("is taken as a client packs it, also several, and not without its end", [anything], ([value]) => {
    const bytes = pack(value)
    expect(checkMessagePack(bytes)).toBeUndefined()
    expect(checkMessagePack(Buffer.concat([bytes, bytes]))).toBeUndefined()
    for (const length of [bytes.length - 1, Math.floor(bytes.length / 2)]) {
      if (length > 0) expect(checkMessagePack(bytes.subarray(0, length))).toEqual(expect.any(String))
    }
  })

  it.prop("that is taken can be decoded", [FastCheck.uint8Array({ maxLength: 40 })], ([bytes]) => {
    if (checkMessagePack(bytes) === undefined && bytes.length > 0)
      new Unpackr({ useRecords: false }).unpackMultiple(bytes)
  })

  it.each([
    ["a list of 33 million", Buffer.from([0xdd, 0x01, 0xff, 0xff, 0xff])],
    ["such lists in each other", many([0xdd, 0x01, 0xff, 0xff, 0xff], 200_000)],
    ["a list of as many as there are bytes, in each other", many([0xdc, 0xff, 0xff], 300_000)],
    ["a map of 4 billion", Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0])],
    ["a string of 4 GB", Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff, 0x61])],
    ["bytes of 4 GB", Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff, 0x61])],
    ["an extension of 4 GB", Buffer.from([0xc9, 0xff, 0xff, 0xff, 0xff, 0x72])],
    ["a million lists in each other", many([0x91], 1_000_000)],
    ["maps in each other", many([0x81, 0xa1, 0x61], 300_000)],
    ["records, which stand for maps", Buffer.from([0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01])],
    ["a million values", many([0xc0], 1_000_000)],
    ["the byte that is none", Buffer.from([0xc1])],
    ["a length that is cut off", Buffer.from([0xdd, 0x00])],
  ])("is refused at once where it is %s", (_, bytes) => {
    const startedAt = performance.now()
    expect(checkMessagePack(bytes)).toEqual(expect.any(String))
    expect(performance.now() - startedAt).toBeLessThan(100)
  })

  it.effect("of a megabyte of small values is checked in no time", () =>
    Effect.sync(() => {
      const bytes = pack(Array.from({ length: 300_000 }, (_, index) => index))
      const startedAt = performance.now()
      expect(checkMessagePack(bytes)).toBeUndefined()
      expect(performance.now() - startedAt).toBeLessThan(500)
    }),
  )
})
