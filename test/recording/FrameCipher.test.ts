import { createDecipheriv, createHash, hkdfSync } from "node:crypto"
import { inspect } from "node:util"
import { Either, FastCheck, Option } from "effect"
import { describe, expect, it } from "vitest"
import { FrameCipher, type Keyframe, KeyRing, KeyShare, MasterKey, wireFrame } from "../../src/recording/index.ts"
import { framesArbitrary, masterKey, masterKeyOf, outputFrame, sessionInfo, text } from "../support/recordings.ts"

const salt = new Uint8Array(32).fill(3)
const cipherOf = (key: MasterKey, sessionId: string, salt: Uint8Array) =>
  new FrameCipher(key.recordingKey(sessionId, salt), sessionId)
const cipher = cipherOf(masterKey, sessionInfo.sessionId, salt)
const header = (keyId: string) =>
  ({ info: sessionInfo, deflate: true, encryption: { scheme: "master", keyId, salt } }) as const

describe("FrameCipher", () => {
  it("gives back every payload", () => {
    FastCheck.assert(
      FastCheck.property(framesArbitrary, (frames) => {
        for (const frame of frames.map(wireFrame)) {
          const sealed = cipher.encrypt(frame)
          expect(sealed.payload).toHaveLength(frame.payload.length + 16)
          expect(Buffer.compare(cipher.decrypt(sealed, 0).payload, frame.payload)).toBe(0)
        }
      }),
      { numRuns: 30 },
    )
  })

  it("does what the documentation says, in node:crypto's own terms", () => {
    const sealed = cipher.encrypt({ ...wireFrame(outputFrame(258, text("secret"), 77)), compressed: true })
    const key = hkdfSync("sha256", Buffer.alloc(32, 9), salt, `mezite-recording-v1\0${sessionInfo.sessionId}`, 32)
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(key), Buffer.from("000000000000000000000102", "hex"))
    decipher.setAAD(
      Buffer.concat([
        Buffer.from(`mezite-frame-v1\0${sessionInfo.sessionId}\0`),
        Buffer.from(`0000000000000102${"000000000000004d"}010100000006`, "hex"),
      ]),
    )
    decipher.setAuthTag(sealed.payload.subarray(-16))
    expect(Buffer.concat([decipher.update(sealed.payload.subarray(0, -16)), decipher.final()]).toString()).toBe(
      "secret",
    )
  })

  it("derives a key of two halves as the documentation says, from both of them", () => {
    const share = Option.getOrThrow(KeyShare.fromHex("ab".repeat(32)))
    const documented = hkdfSync(
      "sha256",
      Buffer.from("09".repeat(32) + "ab".repeat(32), "hex"),
      salt,
      `mezite-recording-split-v1\0${sessionInfo.sessionId}`,
      32,
    )
    const key = (master: MasterKey, of: KeyShare) =>
      master.splitRecordingKey(sessionInfo.sessionId, salt, of).export().toString("hex")
    expect(key(masterKey, share)).toBe(Buffer.from(documented).toString("hex"))
    expect(key(masterKey, KeyShare.random())).not.toBe(key(masterKey, share))
    expect(key(masterKeyOf(1), share)).not.toBe(key(masterKey, share))
    expect(inspect(share, { depth: 9, showHidden: true })).not.toContain("abab")
    expect(KeyShare.fromHex("ab")).toEqual(Option.none())
  })

  it.each([
    ["seq", { seq: 6 }],
    ["time", { timeMs: 1 }],
    ["kind", { kind: 2 }],
    ["compressed", { compressed: true }],
    ["masked", { masked: true }],
    ["size", { size: 5 }],
    ["payload", { payload: new Uint8Array(22) }],
    ["length", { payload: new Uint8Array(3) }],
  ] as const)("notices another %s", (_, change) => {
    const sealed = cipher.encrypt(wireFrame(outputFrame(5, text("secret"))))
    expect(() => cipher.decrypt({ ...sealed, ...change }, 4)).toThrow(/^at byte 4: frame . was changed/)
  })

  it("takes no frame of another recording", () => {
    const sealed = cipher.encrypt(wireFrame(outputFrame(5, text("secret"))))
    const others = [
      cipherOf(masterKey, "00000000-0c55-4b0e-9d62-8f7a5f6f2a10", salt),
      cipherOf(masterKey, sessionInfo.sessionId, new Uint8Array(32)),
      cipherOf(masterKeyOf(1), sessionInfo.sessionId, salt),
    ]
    for (const other of others) expect(() => other.decrypt(sealed, 0)).toThrow("was changed")
  })

  it("keeps keyframes apart from frames", () => {
    const keyframe: Keyframe = { seq: 5, timeMs: 50, offset: 99, cols: 80, rows: 24, screen: text("secret") }
    const sealed = cipher.encryptKeyframe(keyframe)
    const frame = cipher.encrypt(wireFrame(outputFrame(5, text("secret"))))
    expect(Buffer.compare(sealed.screen.subarray(0, 6), frame.payload.subarray(0, 6))).not.toBe(0)
    expect(Buffer.from(cipher.decryptKeyframe(sealed, 0).screen).toString()).toBe("secret")
    expect(() => cipher.decryptKeyframe({ ...sealed, rows: 25 }, 0)).toThrow("keyframe of frame 5 was changed")
  })
})

describe("MasterKey", () => {
  it.each([
    ["", "this one has 0 digits"],
    ["ab".repeat(31), "this one has 62 digits"],
    ["zz".repeat(32), "this one has other characters"],
  ])("refuses %j without repeating it", (hex, message) => {
    const error = Either.flip(MasterKey.fromHex(hex)).pipe(Either.getOrThrow)
    expect(error.message).toBe(`an encryption key is 64 hexadecimal digits (32 bytes): ${message}`)
  })

  it("is named by a hash, and does not show itself", () => {
    const hash = createHash("sha256").update("mezite-key-id-v1\0").update(Buffer.alloc(32, 9)).digest("hex")
    expect(masterKey.id).toBe(hash.slice(0, 16))
    expect(inspect(masterKey, { showHidden: true, depth: 9 }) + JSON.stringify(masterKey)).not.toMatch(
      /0909|9, 9|09 09/,
    )
  })
})

describe("KeyRing", () => {
  it("finds current and old keys by their ids", () => {
    const ring = new KeyRing(masterKey, [masterKeyOf(1)])
    expect(ring.cipherFor(header(masterKey.id))).toBeDefined()
    expect(ring.cipherFor(header(masterKeyOf(1).id))).toBeDefined()
    expect(ring.cipherFor({ info: sessionInfo, deflate: true })).toBeUndefined()
  })

  it("names the key that is missing", () => {
    const ring = new KeyRing(masterKey)
    expect(() => ring.cipherFor(header(masterKeyOf(1).id), 9)).toThrow(masterKeyOf(1).id)
    expect(() => new KeyRing().cipherFor(header("\u001b[2J"))).toThrow("\\u001b[2J; no key was given")
  })
})
