import { createHash } from "node:crypto"
import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import {
  type Entry,
  encodeEndEntry,
  encodeSealEntry,
  MAGIC,
  type RecordingEnd,
  RecordingVerifier,
  sealMessage,
  splitEntries,
  type VerifyingKey,
} from "../../src/recording/index.ts"
import {
  concat,
  masterKey,
  outputFrame,
  pieces,
  readAll,
  sessionEnd,
  sessionInfo,
  signer,
  signerOf,
  text,
  writeRecording,
} from "../support/recordings.ts"

const publicKeys = [signer.publicKey]
const verdict = (
  bytes: Uint8Array,
  keys: ReadonlyArray<VerifyingKey> = publicKeys,
  cuts: ReadonlyArray<number> = [],
) => {
  const verifier = new RecordingVerifier(keys)
  for (const piece of pieces(bytes, cuts)) verifier.push(piece)
  return verifier.end()
}

/** Twelve frames, six seconds apart: a seal after every third. */
const frames = Array.from({ length: 12 }, (_, index) => outputFrame(index + 1, text(`frame ${index}`), index * 6_000))
const good = writeRecording(frames, { signer })
const entries: ReadonlyArray<Entry> = [...splitEntries(good.subarray(MAGIC.length), MAGIC.length)]
const file = (parts: ReadonlyArray<Entry>) => concat([MAGIC, ...parts.map(({ bytes }) => bytes)])

describe("verification", () => {
  it("finds a good recording whole, without its master key, in any pieces", () => {
    const secret = writeRecording(frames, { signer, key: masterKey })
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.nat(), { maxLength: 9 }), (cuts) => {
        expect(verdict(secret, publicKeys, cuts)).toMatchObject({ _tag: "Whole", bytes: secret.length })
      }),
      { numRuns: 20 },
    )
    expect(entries.filter(({ kind }) => kind === "seal").length).toBeGreaterThan(4)
  })

  it("notices every changed byte, and says how far it is sealed", () => {
    for (let at = 0; at < good.length; at++) {
      const bytes = good.slice()
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
      const result = verdict(bytes)
      expect(result._tag, `byte ${at}`).toBe("NotWhole")
      if (result._tag === "NotWhole") expect(result.sealed?.offset ?? 0).toBeLessThanOrEqual(at)
    }
  })

  it("notices every cut", () => {
    for (let length = 0; length < good.length; length++) {
      const result = verdict(good.subarray(0, length))
      expect(result._tag, `${length} bytes`).toBe("NotWhole")
      if (result._tag === "NotWhole" && length > 20) expect(result.problem.kind).toMatch(/Truncated|Unsealed/)
    }
  })

  it("tells how far a cut recording is sealed", () => {
    const third = entries.filter(({ kind }) => kind === "seal")[2]
    const offset = (third?.offset ?? 0) + 158
    const result = verdict(good.subarray(0, offset))
    expect(result).toMatchObject({ sealed: { offset }, problem: { kind: "Truncated", offset } })
  })

  it("notices entries removed, doubled and exchanged", () => {
    for (let at = 0; at < entries.length; at++) {
      const [here, next] = [entries[at], entries[at + 1]]
      const without = entries.filter((_, index) => index !== at)
      expect(verdict(file(without))._tag, `without ${at}`).toBe("NotWhole")
      if (here === undefined) continue
      expect(verdict(file(entries.toSpliced(at, 0, here)))._tag, `${at} twice`).toBe("NotWhole")
      if (next === undefined) continue
      expect(verdict(file(entries.toSpliced(at, 2, next, here)))._tag, `${at} exchanged`).toBe("NotWhole")
    }
  })

  it("notices entries of another session of the same hub", () => {
    const sessionId = "00000000-0c55-4b0e-9d62-8f7a5f6f2a10"
    const other = writeRecording(frames, { signer, info: { ...sessionInfo, sessionId } })
    const foreign = [...splitEntries(other.subarray(MAGIC.length), MAGIC.length)]
    expect(verdict(other)._tag).toBe("Whole")
    const pasted = [...entries.slice(0, 1), ...foreign.slice(1)]
    expect(verdict(file(pasted))).toMatchObject({ sealed: undefined, problem: { kind: "Tampered" } })
    const tail = [...entries.slice(0, 5), ...foreign.slice(5)]
    expect(verdict(file(tail))).toMatchObject({ _tag: "NotWhole", sealed: { seq: 3 } })
  })

  it("notices what follows the end", () => {
    expect(verdict(concat([good, Uint8Array.of(0)]))).toMatchObject({
      problem: { kind: "Corrupt", offset: good.length },
    })
    const [, first] = entries
    const unsealed = writeRecording(frames)
    expect(readAll(concat([unsealed, first?.bytes ?? good])).error).toMatchObject({
      kind: "Corrupt",
      offset: unsealed.length,
    })
    expect(verdict(concat([good, first?.bytes ?? good]))).toMatchObject({ problem: { kind: "Corrupt" } })
  })

  it("trusts only the keys given", () => {
    expect(verdict(good, [signerOf(8).publicKey])).toMatchObject({ sealed: undefined, problem: { kind: "UnknownKey" } })
    expect(verdict(good, [])).toMatchObject({ problem: { kind: "UnknownKey" } })
    expect(verdict(good, [signerOf(8).publicKey, signer.publicKey])._tag).toBe("Whole")
  })

  it("does not take a forger's key under the hub's name", () => {
    const forged = writeRecording(frames, { signer: signerOf(8) })
    const named = [...splitEntries(forged.subarray(MAGIC.length), MAGIC.length)].map((entry) => {
      if (entry.kind !== "seal") return entry
      const bytes = entry.bytes.slice()
      bytes.set(signer.publicKey.id, 6 + 111)
      return { ...entry, bytes }
    })
    expect(verdict(file(named))).toMatchObject({ sealed: undefined, problem: { kind: "Tampered" } })
  })

  it.each([
    ["seq", { seq: 2 }],
    ["end offset", { endOffset: 19 }],
  ])("takes no seal whose %s is another, though the hub signed it", (_, change) => {
    const start = entries.slice(0, 4)
    const digest = new Uint8Array(createHash("sha256").update(file(start)).digest())
    const sealed = (statement: { readonly seq: number; readonly endOffset: number }) => {
      const signature = signer.sign(sealMessage(sessionInfo.sessionId, { ...statement, digest }))
      return encodeSealEntry({ ...statement, digest, signature, keyId: signer.publicKey.id })
    }
    const statement = { seq: 3, endOffset: 0 }
    expect(verdict(concat([file(start), sealed(statement)]))).toMatchObject({ sealed: { seq: 3 } })
    const lie = verdict(concat([file(start), sealed({ ...statement, ...change })]))
    expect(lie).toMatchObject({ sealed: undefined, problem: { kind: "Tampered" } })
  })

  it("takes no End that counts other frames or points past itself", () => {
    const start = file(entries.slice(0, 4))
    const end: RecordingEnd = {
      ...sessionEnd,
      frames: 3,
      outputBytes: 0,
      inputBytes: 0,
      framesDigest: new Uint8Array(0),
      seekPoints: [],
      keyframes: [],
    }
    const errorWith = (change: Partial<RecordingEnd>) =>
      readAll(concat([start, encodeEndEntry({ ...end, ...change })])).error?.kind
    expect(errorWith({})).toBeUndefined()
    expect(errorWith({ frames: 4 })).toBe("Corrupt")
    expect(errorWith({ seekPoints: [{ seq: 1, timeMs: 0, offset: start.length + 1 }] })).toBe("Corrupt")
  })

  it("vouches for nothing without seals", () => {
    expect(verdict(writeRecording(frames))).toMatchObject({ sealed: undefined, problem: { kind: "Unsealed" } })
  })
})
