import { readFileSync } from "node:fs"
import { Effect, FastCheck, Stream } from "effect"
import { describe, expect, it } from "vitest"
import {
  decodeGap,
  decodeResize,
  EntryReader,
  framesFrom,
  KeyRing,
  locateEnd,
  type RandomAccess,
  RecordingError,
  RecordingReader,
  RecordingScanner,
  RecordingVerifier,
  readHeader,
} from "../../src/recording/index.ts"
import { goldenFrames } from "../support/goldenRecordings.ts"
import { concat, framesOf, masterKey, parseAll, pieces, signer } from "../support/recordings.ts"

const folder = new URL("../../fixtures/recordings/", import.meta.url)
const names = ["plain.rec", "encrypted.rec", "gap.rec", "truncated.rec", "corrupt.rec", "tampered.rec", "spooled.rec"]
const golden = names.map((name) => new Uint8Array(readFileSync(new URL(name, folder))))

const publicKeys = [signer.publicKey]
const keys = new KeyRing(masterKey)

type Mutation = (bytes: Uint8Array) => Uint8Array

const place = FastCheck.nat(2_100)
const changed = FastCheck.tuple(place, FastCheck.nat(255)).map(
  ([at, value]): Mutation =>
    (bytes) => {
      const copy = bytes.slice()
      copy[at % copy.length] = value
      return copy
    },
)
const cut = place.map(
  (at): Mutation =>
    (bytes) =>
      bytes.subarray(0, at % (bytes.length + 1)),
)
const spliced = FastCheck.tuple(FastCheck.nat(golden.length - 1), place, place, place).map(
  ([source, from, length, at]): Mutation =>
    (bytes) => {
      const other = golden[source] ?? bytes
      const start = from % other.length
      const place = at % (bytes.length + 1)
      return concat([bytes.subarray(0, place), other.subarray(start, start + length), bytes.subarray(place)])
    },
)
const removed = FastCheck.tuple(place, place).map(
  ([at, length]): Mutation =>
    (bytes) => {
      const start = at % (bytes.length + 1)
      return concat([bytes.subarray(0, start), bytes.subarray(start + length)])
    },
)
const garbage = FastCheck.tuple(place, FastCheck.uint8Array({ maxLength: 64 })).map(
  ([at, noise]): Mutation =>
    (bytes) => {
      const start = at % (bytes.length + 1)
      return concat([bytes.subarray(0, start), noise, bytes.subarray(start)])
    },
)

const hostile = FastCheck.tuple(
  FastCheck.constantFrom(...golden),
  FastCheck.array(FastCheck.oneof(changed, cut, spliced, removed, garbage), { minLength: 1, maxLength: 4 }),
  FastCheck.array(place, { maxLength: 6 }),
).map(([bytes, mutations, cuts]) => ({
  bytes: mutations.reduce<Uint8Array>((before, mutate) => (before.length === 0 ? before : mutate(before)), bytes),
  cuts,
}))

const inMemory = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read: (offset, length) => Effect.succeed(bytes.subarray(offset, offset + length)),
})

describe("hostile bytes", () => {
  it("never make a reader fail but with its error, nor give more than they hold", () => {
    FastCheck.assert(
      FastCheck.property(hostile, ({ bytes, cuts }) => {
        const read = parseAll(new RecordingReader({ keys }), pieces(bytes, cuts))
        const entries = parseAll(new EntryReader(), pieces(bytes, cuts))
        expect(entries.items.length).toBeGreaterThanOrEqual(read.items.length)
        for (const { payload, kind } of framesOf(read.items)) {
          for (const decode of kind === 4 ? [decodeResize] : kind === 10 ? [decodeGap] : []) {
            try {
              decode(payload)
            } catch (error) {
              expect(error).toBeInstanceOf(RecordingError)
            }
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it("never put another frame under a valid seal", () => {
    FastCheck.assert(
      FastCheck.property(hostile, ({ bytes, cuts }) => {
        const { items } = parseAll(new RecordingReader({ keys, publicKeys }), pieces(bytes, cuts))
        const lastSeal = items.findLastIndex(({ _tag }) => _tag === "Seal")
        const sealed = framesOf(items.slice(0, lastSeal + 1))
        const reason = items[0]?._tag === "Header" ? sealed.find(({ kind }) => kind === 10) : undefined
        if (reason === undefined) expect(sealed).toEqual(goldenFrames.slice(0, sealed.length))
        const verifier = new RecordingVerifier(publicKeys)
        for (const piece of pieces(bytes, cuts)) verifier.push(piece)
        const isGolden = golden.slice(0, 3).some((whole) => Buffer.compare(whole, bytes) === 0)
        expect(verifier.end()._tag).toBe(isGolden ? "Whole" : "NotWhole")
      }),
      { numRuns: 1_000 },
    )
  })

  it("never mislead a writer that would go on from them", () => {
    FastCheck.assert(
      FastCheck.property(hostile, ({ bytes, cuts }) => {
        const scanner = new RecordingScanner({ publicKeys })
        for (const piece of pieces(bytes, cuts)) scanner.push(piece)
        const scanned = scanner.end()
        if (scanned._tag === "Nothing") return
        const again = parseAll(new EntryReader({ publicKeys }), [bytes.subarray(0, scanned.progress.offset)])
        expect(again.error).toMatchObject({ kind: "Truncated", offset: scanned.progress.offset })
      }),
      { numRuns: 300 },
    )
  })

  it("never make random access fail but with its error", () => {
    FastCheck.assert(
      FastCheck.property(hostile, place, FastCheck.integer({ min: 1, max: 10 }), ({ bytes }, offset, seq) => {
        const source = inMemory(bytes)
        Effect.runSync(locateEnd(source))
        const header = Effect.runSync(Effect.either(readHeader(source)))
        if (header._tag === "Left") {
          expect(header.left).toBeInstanceOf(RecordingError)
          return
        }
        const frames = framesFrom(source, header.right.header, { offset, seq, timeMs: 0 }, { keys })
        const result = Effect.runSync(Effect.either(Stream.runDrain(frames)))
        if (result._tag === "Left") expect(result.left).toBeInstanceOf(RecordingError)
      }),
      { numRuns: 300 },
    )
  })

  it("take no more memory than entries may", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ maxLength: 3_000 }), (noise) => {
        const magic = golden[0]?.subarray(0, 19) ?? noise
        parseAll(new RecordingReader(), [noise])
        parseAll(new RecordingReader(), [concat([magic, noise])])
        parseAll(new RecordingReader(), [concat([golden[0]?.subarray(0, 160) ?? noise, noise])])
      }),
      { numRuns: 300 },
    )
  })
})
