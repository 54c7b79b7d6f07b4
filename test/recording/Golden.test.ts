import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { fromBinary } from "@bufbuild/protobuf"
import { Either, Option } from "effect"
import { describe, expect, it } from "vitest"
import { RecordingSchema } from "../../src/recording/gen/mezite/recording/v1/recording_pb.ts"
import { KeyRing, KeyShare, MAGIC, MasterKey, RecordingVerifier, VerifyingKey } from "../../src/recording/index.ts"
import { goldenFrames, goldenRecordings, goldenShare } from "../support/goldenRecordings.ts"
import { framesOf, masterKey, readAll, signer } from "../support/recordings.ts"

const folder = new URL("../../fixtures/recordings/", import.meta.url)
const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)))
const keys: { readonly master_key: string; readonly share: string; readonly public_key: string } = (() => {
  if (process.env.MEZITE_UPDATE_FIXTURES === "1") {
    mkdirSync(folder, { recursive: true })
    for (const [name, bytes] of goldenRecordings()) writeFileSync(new URL(name, folder), bytes)
    const master_key = Buffer.alloc(32, 9).toString("hex")
    const public_key = Buffer.from(signer.publicKey.raw).toString("hex")
    writeFileSync(
      new URL("keys.json", folder),
      `${JSON.stringify({ master_key, share: goldenShare.hex, public_key }, null, 2)}\n`,
    )
    writeFileSync(new URL("public.pem", folder), signer.publicKey.toPem())
  }
  return JSON.parse(readFileSync(new URL("keys.json", folder), "utf8"))
})()

const publicKeys = [Either.getOrThrow(VerifyingKey.parse(keys.public_key))]
const master = new KeyRing(Either.getOrThrow(MasterKey.fromHex(keys.master_key)))
const ring = master.withShare(Option.getOrThrow(KeyShare.fromHex(keys.share)))

const verdict = (bytes: Uint8Array) => {
  const verifier = new RecordingVerifier(publicKeys)
  verifier.push(bytes)
  return verifier.end()
}

describe("golden recordings", () => {
  it("are what the writer writes", () => {
    for (const [name, bytes] of goldenRecordings()) expect(Buffer.compare(golden(name), bytes), name).toBe(0)
    expect(readFileSync(new URL("public.pem", folder), "utf8")).toBe(signer.publicKey.toPem())
    expect(ring.find(masterKey.id)).toBeDefined()
  })

  it.each(["plain.rec", "encrypted.rec", "split.rec"])("%s reads and verifies", (name) => {
    const { items, error } = readAll(golden(name), { keys: ring, publicKeys })
    expect(error).toBeUndefined()
    expect(framesOf(items)).toEqual(goldenFrames)
    const end = items.flatMap((item) => (item._tag === "End" ? [item.end] : []))[0]
    expect(end).toMatchObject({ frames: 9, outputBytes: 983, inputBytes: 20, status: "completed" })
    expect(Buffer.from(end?.keyframes[0]?.screen ?? []).toString()).toMatch(/^line 1 of the listing\r\n.*line 40/s)
    expect(verdict(golden(name))._tag).toBe("Whole")
  })

  it.each([
    ["truncated.rec", "Truncated", 6],
    ["corrupt.rec", "Corrupt", 6],
    ["tampered.rec", "Tampered", 9],
  ] as const)("%s gives what is good, then %s", (name, kind, good) => {
    const { items, error } = readAll(golden(name))
    expect(error?.kind).toBe(kind)
    expect(framesOf(items)).toHaveLength(good)
    const result = verdict(golden(name))
    // The first seal covers six frames.
    expect(result).toMatchObject({ _tag: "NotWhole", sealed: { seq: 6 }, problem: { kind } })
  })

  it("split.rec is proven, and not read, without the share of its key", () => {
    for (const other of [undefined, KeyShare.random()]) {
      const { items, error } = readAll(golden("split.rec"), { keys: master.withShare(other) })
      expect([items.map(({ _tag }) => _tag), error?.kind]).toEqual([
        ["Header"],
        other === undefined ? "UnknownKey" : "Tampered",
      ])
    }
    expect(verdict(golden("split.rec"))._tag).toBe("Whole")
  })

  it("spooled.rec is read with the key of whom it is for, and shows what is missing to anybody", () => {
    const { items, error } = readAll(golden("spooled.rec"), { keys: master })
    expect(error).toBeUndefined()
    expect(framesOf(items).slice(0, 9)).toEqual(goldenFrames)
    expect(items.at(-1)).toMatchObject({ end: { status: "truncated", frames: 10 } })
    const bytes = Buffer.from(golden("spooled.rec"))
    for (const clear of ["cat listing", "deploy begins", "grün"]) expect(bytes.includes(clear)).toBe(false)
    expect(bytes.includes("the disk is full")).toBe(true)
    const blind = readAll(bytes)
    expect([blind.items.map(({ _tag }) => _tag), blind.error?.kind]).toEqual([["Header"], "UnknownKey"])
  })

  it("gap.rec says what is missing", () => {
    const { items, error } = readAll(golden("gap.rec"), { publicKeys })
    expect(error).toBeUndefined()
    expect(items.at(-2)).toMatchObject({ end: { status: "truncated", reason: "the spool of web-1 was lost" } })
  })

  it("is read by the generated protobuf code", () => {
    const entries = fromBinary(RecordingSchema, golden("plain.rec").subarray(MAGIC.length)).entries
    const cases = entries.map(({ entry }) => entry.case)
    expect(cases).toEqual(["header", ...Array(6).fill("frame"), "seal", ...Array(3).fill("frame"), "end", "seal"])
    const frames = entries.flatMap(({ entry }) => (entry.case === "frame" ? [entry.value] : []))
    expect(frames.map(({ seq }) => Number(seq))).toEqual(goldenFrames.map(({ seq }) => seq))
    expect(Buffer.from(frames[8]?.payload ?? [])).toEqual(Buffer.from(goldenFrames[8]?.payload ?? []))
  })

  it("is read by protoc", (context) => {
    if (spawnSync("protoc", ["--version"]).error !== undefined) {
      console.log("skipped: protoc is missing; install the Debian package protobuf-compiler")
      return context.skip()
    }
    const proto = new URL("../../proto/", import.meta.url).pathname
    const args = ["-I", proto, "--decode", "mezite.recording.v1.Recording", "mezite/recording/v1/recording.proto"]
    const decoded = execFileSync("protoc", args, { input: golden("plain.rec").subarray(MAGIC.length) }).toString()
    expect(decoded).toContain('user: "alice"')
    expect(decoded).toContain('payload: "deploy begins"')
    expect(decoded.match(/^ {2}frame \{/gm)).toHaveLength(9)
    expect(decoded).toContain("status: STATUS_COMPLETED")
  })
})
