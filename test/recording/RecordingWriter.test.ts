import { createHash } from "node:crypto"
import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import type { Frame } from "../../src/domain/Frame.ts"
import {
  compressFrame,
  encodeFrameEntry,
  KeyRing,
  Limits,
  MAGIC,
  RecordingError,
  RecordingReader,
  RecordingScanner,
  RecordingVerifier,
  RecordingWriter,
  type RecordingWriterOptions,
  type ScannedRecording,
  splitEntries,
  wireFrame,
} from "../../src/recording/index.ts"
import {
  concat,
  framesArbitrary,
  framesOf,
  masterKey,
  outputFrame,
  parseAll,
  pieces,
  readAll,
  sessionEnd,
  sessionInfo,
  signer,
  text,
  writeRecording,
} from "../support/recordings.ts"

const keys = new KeyRing(masterKey)
const publicKeys = [signer.publicKey]

const verdict = (bytes: Uint8Array) => {
  const verifier = new RecordingVerifier(publicKeys)
  verifier.push(bytes)
  return verifier.end()
}

const scan = (bytes: Uint8Array): ScannedRecording => {
  const scanner = new RecordingScanner({ publicKeys })
  scanner.push(bytes)
  return scanner.end()
}

const prefixOf = (bytes: Uint8Array): Extract<ScannedRecording, { _tag: "Prefix" }> => {
  const scanned = scan(bytes)
  if (scanned._tag === "Nothing") throw scanned.damage
  return scanned
}

const forms = FastCheck.record({
  compress: FastCheck.boolean(),
  encrypt: FastCheck.boolean(),
  seal: FastCheck.boolean(),
}).map(({ compress, encrypt, seal }) => ({
  compress,
  ...(encrypt ? { key: masterKey, salt: new Uint8Array(32).fill(4) } : {}),
  ...(seal ? { signer } : {}),
}))

const seals = (bytes: Uint8Array) =>
  [...splitEntries(bytes.subarray(MAGIC.length), MAGIC.length)].filter(({ kind }) => kind === "seal")

const begin = (options: Partial<RecordingWriterOptions> = {}) =>
  RecordingWriter.begin({ info: sessionInfo, ...options })

describe("a recording", () => {
  it("reads as it was written, in clear, compressed, encrypted, sealed, in any pieces", () => {
    FastCheck.assert(
      FastCheck.property(
        framesArbitrary,
        forms,
        FastCheck.array(FastCheck.nat(), { maxLength: 9 }),
        (frames, form, cuts) => {
          const bytes = writeRecording(frames, form)
          const options = { keys, ...("signer" in form ? { publicKeys } : {}) }
          const { items, error } = parseAll(new RecordingReader(options), pieces(bytes, cuts))
          expect(error).toBeUndefined()
          expect(framesOf(items)).toEqual(frames)
          expect(items[0]).toMatchObject({ _tag: "Header", header: { info: sessionInfo } })
          const end = items.find(({ _tag }) => _tag === "End")
          const sum = (kinds: ReadonlyArray<number>) =>
            frames.filter(({ kind }) => kinds.includes(kind)).reduce((total, { size }) => total + size, 0)
          expect(end).toMatchObject({
            end: { ...sessionEnd, frames: frames.length, outputBytes: sum([1, 3]), inputBytes: sum([2]) },
          })
          expect(verdict(bytes)._tag).toBe("signer" in form ? "Whole" : "NotWhole")
        },
      ),
      { numRuns: 80 },
    )
  })

  it("keeps every way to end", () => {
    const ends = [
      { durationMs: 1, status: "interrupted", reason: "agent lost" },
      { durationMs: 0, exit: { _tag: "Signal", signal: "KILL" }, status: "truncated", reason: "disk full" },
      { durationMs: 2, exit: { _tag: "Code", code: 255 }, status: "completed", reason: "" },
    ] as const
    for (const end of ends) expect(readAll(writeRecording([], { end })).items[1]).toMatchObject({ end })
  })
})

describe("RecordingWriter", () => {
  it("stores a received entry as it is, and digests it", () => {
    const frame = wireFrame(outputFrame(1, text("as sent")))
    const raw = encodeFrameEntry(frame)
    const writer = begin()
    writer.append(frame, 0, raw)
    expect(writer.take().at(-1)).toBe(raw)
    const digest = new Uint8Array(createHash("sha256").update(raw).digest())
    expect(writer.finish(sessionEnd).framesDigest).toEqual(Buffer.from(digest))
  })

  it("digests what was sent where it stores it encrypted", () => {
    const frame = wireFrame(outputFrame(1, text("as sent")))
    const [clear, secret] = [begin(), begin({ key: masterKey })]
    clear.append(frame, 0, encodeFrameEntry(frame))
    secret.append(frame, 0, encodeFrameEntry(frame))
    expect(secret.framesDigest).toEqual(clear.framesDigest)
    expect(Buffer.concat(secret.take()).includes("as sent")).toBe(false)
  })

  it("knows the digest of its whole file", () => {
    const writer = begin({ signer, key: masterKey })
    writer.append(wireFrame(outputFrame(1, text("a"))), 0)
    writer.finish(sessionEnd)
    expect(writer.digest).toEqual(createHash("sha256").update(concat(writer.take())).digest())
  })

  it("seals at least every 64 KiB and one frame, and every 10 seconds", () => {
    const big = Array.from({ length: 40 }, (_, index) => outputFrame(index + 1, new Uint8Array(10_000), 0))
    let before = 0
    for (const { offset } of seals(writeRecording(big, { signer }))) {
      expect(offset - before).toBeLessThan(Limits.unsealedBytes + 10_100)
      before = offset
    }
    const writer = begin({ signer })
    writer.append(wireFrame(outputFrame(1, text("a"))), 1_000)
    expect([writer.sealDue(10_999), writer.sealDue(11_000)]).toEqual([false, true])
    writer.seal()
    writer.seal()
    expect(writer.sealDue(99_000)).toBe(false)
    expect(seals(concat(writer.take()))).toHaveLength(1)
  })

  it.each([
    ["a hole", { seq: 3 }, "follows frame 1"],
    ["a repetition", { seq: 1 }, "follows frame 1"],
    ["going back in time", { timeMs: 9 }, "is earlier"],
    ["a fraction of a millisecond", { timeMs: 20.5 }, "no whole milliseconds"],
    ["an unknown kind", { kind: 11 as 1 }, "unknown kind"],
    ["a negative size", { size: -1, masked: true, payload: new Uint8Array(0) }, "no 32-bit number"],
    ["a wrong size", { size: 7 }, "another length"],
    ["over 1 MiB", { size: Limits.payload + 1, payload: new Uint8Array(Limits.payload + 1) }, "1 MiB is allowed"],
  ])("refuses %s, and goes on unharmed", (_, change, message) => {
    const writer = begin({ signer })
    writer.append(wireFrame(outputFrame(1, text("a"))), 0)
    const next = wireFrame(outputFrame(2, text("b")))
    expect(() => writer.append({ ...next, ...change }, 0)).toThrow(message)
    writer.append(next, 0)
    writer.finish(sessionEnd)
    const bytes = concat(writer.take())
    expect(verdict(bytes)._tag).toBe("Whole")
    expect(framesOf(readAll(bytes).items).map(({ seq }) => seq)).toEqual([1, 2])
  })

  it("refuses compressed frames where the header names no codec", () => {
    const frame = compressFrame(wireFrame(outputFrame(1, new Uint8Array(999))))
    expect(() => begin({ deflate: false }).append(frame, 0)).toThrow(RecordingError)
  })

  it("keeps the seek table and the keyframes within bounds", () => {
    const writer = begin()
    const payload = new Uint8Array(40_000)
    const keyframes = []
    for (let seq = 1; seq <= 3_000; seq++) {
      const { offset } = writer
      if (seq % 100 === 0)
        keyframes.push({ seq, timeMs: seq, offset, cols: 1, rows: 1, screen: new Uint8Array(900_000) })
      writer.append(wireFrame(outputFrame(seq, payload, seq)), seq)
      writer.take()
    }
    const end = writer.finish(sessionEnd, { keyframes })
    expect(end.seekPoints.length).toBeLessThanOrEqual(Limits.seekPoints)
    expect(end.seekPoints.length).toBeGreaterThan(Limits.seekPoints / 2)
    const gaps = end.seekPoints.slice(1).map(({ offset }, index) => offset - (end.seekPoints[index]?.offset ?? 0))
    expect(Math.max(...gaps) / Math.min(...gaps)).toBeLessThan(1.5)
    expect(end.keyframes).toHaveLength(15)
    expect(concat(writer.take()).length).toBeLessThan(Limits.end)
  })
})

describe("an interrupted recording", () => {
  const finishFrom = (prefix: Uint8Array, frames: ReadonlyArray<Frame>, seal: boolean): Uint8Array => {
    const scanned = prefixOf(prefix)
    const kept = prefix.subarray(0, scanned.progress.offset)
    const writer = RecordingWriter.resume(scanned, { keys, ...(seal ? { signer } : {}) })
    for (const frame of frames.slice(writer.seq)) writer.append(compressFrame(wireFrame(frame)), frame.timeMs)
    writer.finish(sessionEnd)
    return concat([kept, ...writer.take()])
  }

  it("is gone on with, wherever it was cut, as if nothing had been", () => {
    FastCheck.assert(
      FastCheck.property(framesArbitrary, forms, FastCheck.nat(), (frames, form, cut) => {
        const whole = writeRecording(frames, { ...form, compress: true })
        const headerEnd = [...splitEntries(whole.subarray(MAGIC.length), MAGIC.length)][1]?.offset ?? 0
        const prefix = whole.subarray(0, headerEnd + (cut % (whole.length - headerEnd)))
        const resumed = finishFrom(prefix, frames, "signer" in form)
        const { items, error } = readAll(resumed, { keys })
        expect(error).toBeUndefined()
        expect(framesOf(items)).toEqual(frames)
        if ("signer" in form) expect(verdict(resumed)._tag).toBe("Whole")
        const endOf = (bytes: Uint8Array) => readAll(bytes, { keys }).items.find(({ _tag }) => _tag === "End")
        if (form.key === undefined && form.signer === undefined) expect(endOf(resumed)).toEqual(endOf(whole))
      }),
      { numRuns: 80 },
    )
  })

  it("may be gone on with after its End, when the rest comes", () => {
    const frames = [1, 2, 3].map((seq) => outputFrame(seq, text(`frame ${seq}`)))
    const orphan = writeRecording(frames.slice(0, 2), {
      signer,
      end: { durationMs: 20, status: "interrupted", reason: "agent lost" },
    })
    const publicKeysOnly = prefixOf(orphan)
    expect(publicKeysOnly).toMatchObject({ whole: true, end: { status: "interrupted" }, progress: { seq: 2 } })
    const completed = finishFrom(orphan, frames, true)
    expect(verdict(completed)).toMatchObject({ _tag: "Whole", end: { frames: 3, status: "completed" } })
  })

  it("without its last seal is not whole, where a seal is due", () => {
    const bytes = writeRecording([outputFrame(1, text("a"))], { signer })
    const unsealed = bytes.subarray(0, bytes.length - 158)
    expect(prefixOf(unsealed)).toMatchObject({ whole: false, end: { frames: 1 }, damage: { kind: "Unsealed" } })
  })

  it("that broke off in its header is nothing", () => {
    const bytes = writeRecording([])
    expect(scan(bytes.subarray(0, 30))).toMatchObject({ _tag: "Nothing", damage: { kind: "Truncated" } })
    expect(scan(new Uint8Array(0))).toMatchObject({ _tag: "Nothing", damage: { kind: "Truncated" } })
    expect(scan(text("something else"))).toMatchObject({ _tag: "Nothing", damage: { kind: "NotARecording" } })
  })

  it("names the key it was encrypted with", () => {
    const prefix = prefixOf(writeRecording([outputFrame(1, text("a"))], { key: masterKey, signer }))
    expect(() => RecordingWriter.resume(prefix)).toThrow(masterKey.id)
  })
})
