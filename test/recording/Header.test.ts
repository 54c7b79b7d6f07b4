import { create, toBinary } from "@bufbuild/protobuf"
import { FastCheck } from "effect"
import { describe, expect, it } from "vitest"
import type { SessionInfo } from "../../src/domain/SessionInfo.ts"
import {
  type Cipher,
  EncryptionSchema,
  HeaderSchema,
} from "../../src/recording/gen/mezite/recording/v1/recording_pb.ts"
import {
  decodeEnd,
  decodeHeader,
  encodeEndEntry,
  encodeHeaderEntry,
  type RecordingEnd,
  RecordingError,
  splitEntries,
} from "../../src/recording/index.ts"
import { sessionEnd, sessionInfo } from "../support/recordings.ts"

const bodyOf = (bytes: Uint8Array): Uint8Array => {
  const [entry] = splitEntries(bytes)
  if (entry === undefined) throw new Error("no entry")
  return entry.body
}

const text = FastCheck.string({ unit: "grapheme", maxLength: 20 })
const infos: FastCheck.Arbitrary<SessionInfo> = FastCheck.record({
  sessionId: FastCheck.uuid(),
  cluster: text,
  user: text,
  login: text,
  node: text,
  remoteAddress: text,
  startedAtMs: FastCheck.maxSafeNat(),
  command: text,
  mode: FastCheck.constantFrom("node-sync" as const, "node" as const, "off" as const),
  modeSource: FastCheck.constantFrom("env" as const, "cluster" as const, "cached" as const, "default" as const),
  programVersion: text,
  userCertificate: FastCheck.uint8Array({ maxLength: 50 }),
  enhanced: FastCheck.boolean(),
}).chain((info) =>
  FastCheck.option(FastCheck.record({ cols: FastCheck.nat(0xffff_ffff), rows: FastCheck.nat(500), term: text })).map(
    (terminal) => (terminal === null ? info : { ...info, terminal }),
  ),
)

const schemes = FastCheck.constantFrom(null, "master" as const, "split" as const)

const good = { formatVersion: 1, sessionId: sessionInfo.sessionId, mode: 1, modeSource: 1 }
const readWith = (change: object) => {
  const header = create(HeaderSchema, good)
  return decodeHeader(toBinary(HeaderSchema, Object.assign(header, change)), 8)
}

describe("the Header", () => {
  it("keeps everything", () => {
    FastCheck.assert(
      FastCheck.property(infos, FastCheck.boolean(), schemes, (info, deflate, scheme) => {
        const encryption =
          scheme === null ? {} : { encryption: { scheme, keyId: "0011223344556677", salt: new Uint8Array(32) } }
        const header = { info, deflate, ...encryption }
        expect(decodeHeader(bodyOf(encodeHeaderEntry(header)), 0)).toEqual(header)
      }),
    )
  })

  it.each([
    ["another version", { formatVersion: 2 }, "UnsupportedVersion"],
    ["an unknown codec", { codec: 7 }, "UnsupportedVersion"],
    [
      "an unknown cipher",
      { encryption: create(EncryptionSchema, { cipher: 9 as Cipher, salt: new Uint8Array(32) }) },
      "UnsupportedVersion",
    ],
    ["a short salt", { encryption: create(EncryptionSchema, { cipher: 1, salt: new Uint8Array(31) }) }, "Corrupt"],
    ["a session id with a path", { sessionId: "../../etc/passwd" }, "Corrupt"],
    ["no mode", { mode: 0 }, "Corrupt"],
    ["an unknown source", { modeSource: 9 }, "Corrupt"],
    ["a start past 2^53", { startedAtMs: 2n ** 60n }, "Corrupt"],
  ])("is refused with %s", (_, change, kind) => {
    expect(readWith({}).info.mode).toBe("node-sync")
    expect(() => readWith(change)).toThrow(expect.objectContaining({ kind, offset: 8 }))
  })

  it.each([
    ["too long a command", { command: "x".repeat(1024 * 1024) }, "TooLarge"],
    ["a fraction of a millisecond", { startedAtMs: 1.5 }, "Corrupt"],
  ])("is not written with %s", (_, change, kind) => {
    const header = { info: { ...sessionInfo, ...change }, deflate: true }
    expect(() => encodeHeaderEntry(header)).toThrow(expect.objectContaining({ kind }))
  })

  it("replaces what is no Unicode", () => {
    const info = { ...sessionInfo, command: "a\ud800b" }
    expect(decodeHeader(bodyOf(encodeHeaderEntry({ info, deflate: true })), 0).info.command).toBe("a\ufffdb")
  })

  it("of broken UTF-8 is refused", () => {
    expect(() => decodeHeader(Uint8Array.of(0x12, 2, 0xff, 0xff), 0)).toThrow(RecordingError)
    expect(() => decodeHeader(Uint8Array.of(0x02, 0), 0)).toThrow("number 0")
  })
})

describe("the End", () => {
  const end: RecordingEnd = {
    ...sessionEnd,
    frames: 2,
    outputBytes: 2 ** 41,
    inputBytes: 7,
    framesDigest: new Uint8Array(32).fill(1),
    seekPoints: [
      { timeMs: 0, offset: 100, seq: 1 },
      { timeMs: 9, offset: 200, seq: 2 },
    ],
    keyframes: [{ timeMs: 9, offset: 200, seq: 2, cols: 80, rows: 24, screen: Uint8Array.of(1, 2) }],
  }

  it("keeps everything", () => {
    expect(decodeEnd(bodyOf(encodeEndEntry(end)), 300)).toEqual(end)
    const { exit: _, ...unknown } = end
    expect(decodeEnd(bodyOf(encodeEndEntry(unknown)), 300)).toEqual(unknown)
  })

  it.each([
    ["seek points out of order", { seekPoints: end.seekPoints.toReversed() }],
    ["two keyframes for one frame", { keyframes: [...end.keyframes, ...end.keyframes] }],
    ["a negative duration", { durationMs: -1 }],
    ["an exit code that is none", { exit: { _tag: "Code", code: -1 } as const }],
  ])("is not written with %s", (_, change) => {
    expect(() => encodeEndEntry({ ...end, ...change })).toThrow(expect.objectContaining({ kind: "Corrupt" }))
  })
})
