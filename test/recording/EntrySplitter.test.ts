import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import { type Entry, EntrySplitter, encodeEntry, Limits, MAGIC, splitEntries } from "../../src/recording/index.ts"
import { concat, framesArbitrary, parseAll, pieces, text, writeRecording } from "../support/recordings.ts"

const plain = ({ kind, offset, bytes, body }: Entry) => ({
  kind,
  offset,
  bytes: Buffer.from(bytes).toString("hex"),
  body: Buffer.from(body).toString("hex"),
})

const split = (bytes: ReadonlyArray<Uint8Array>, file = false) => parseAll(new EntrySplitter({ file }), bytes)

describe("EntrySplitter", () => {
  it("gives the same entries however the bytes come", () => {
    FastCheck.assert(
      FastCheck.property(framesArbitrary, FastCheck.array(FastCheck.nat(), { maxLength: 30 }), (frames, cuts) => {
        const file = writeRecording(frames, { compress: true })
        const whole = [...splitEntries(file.subarray(MAGIC.length), MAGIC.length)].map(plain)
        const { items, error } = split(pieces(file, cuts), true)
        expect(error).toBeUndefined()
        expect(items.map(plain)).toEqual(whole)
        expect(concat([MAGIC, ...items.map(({ bytes }) => bytes)])).toEqual(file)
      }),
      { numRuns: 60 },
    )
  })

  it("takes single bytes", () => {
    const file = writeRecording([])
    const { items, error } = split(
      Array.from(file, (byte) => Uint8Array.of(byte)),
      true,
    )
    expect(error).toBeUndefined()
    expect(items.map(({ kind }) => kind)).toEqual(["header", "end"])
  })

  it("gives entries within one piece as views of it", () => {
    const piece = concat([encodeEntry("frame", text("abc")), encodeEntry("end", text("d"))])
    const { items } = split([piece])
    expect(items.every(({ bytes }) => bytes.buffer === piece.buffer)).toBe(true)
    expect(items.map(({ offset }) => offset)).toEqual([0, 7])
  })

  it("does not overwrite a torn entry that it gave", () => {
    const one = encodeEntry("frame", text("first"))
    const two = encodeEntry("frame", text("other"))
    const { items } = split([one.subarray(0, 3), one.subarray(3), two.subarray(0, 4), two.subarray(4)])
    expect(items.map(({ body }) => Buffer.from(body).toString())).toEqual(["first", "other"])
  })

  it.each([
    ["0b", "Corrupt", "no entry begins"],
    ["0a00", "Corrupt", "is empty"],
    ["0a0100", "Corrupt", "unknown kind"],
    ["0affffff7f", "TooLarge", "are allowed"],
    ["0a8080808001", "TooLarge", "longer than"],
    ["0a81088008", "Corrupt", "unknown kind"],
    ["0affff7f12", "TooLarge", "are allowed"],
    ["0affff7f1a", "TooLarge", "256 are allowed"],
    ["0a0412001200", "Corrupt", "more than one field"],
    ["0a02120112", "Corrupt", "runs past"],
    ["0a0412", "Truncated", "not whole"],
    ["0a", "Truncated", "not whole"],
  ])("refuses %s", (hex, kind, message) => {
    const { items, error } = split([Buffer.from(hex, "hex")])
    expect(items).toEqual([])
    expect(error).toMatchObject({ kind, offset: 0 })
    expect(error?.message).toContain(message)
  })

  it("refuses an entry that is too long before it has come", () => {
    const { error } = split([Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0x7f, 0x22)])
    expect(error?.kind).toBe("TooLarge")
    expect(Limits.end).toBeLessThan(0x0fff_ffff)
  })

  it.each([
    ["", "Truncated"],
    ["mezite-rec", "Truncated"],
    ["not a recording", "NotARecording"],
    ["m\n", "NotARecording"],
    ["mezite-recording 2\n", "UnsupportedVersion"],
  ])("refuses a file that begins with %j", (start, kind) => {
    expect(split([text(start)], true).error).toMatchObject({ kind, offset: 0 })
  })
})
