import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from "node:crypto"
import { inspect } from "node:util"
import { FastCheck, Option } from "effect"
import { describe, expect, it } from "vitest"
import { FrameKind } from "../../src/domain/Frame.ts"
import { encodeHeaderEntry, KeyRing, RecipientKey, wireFrame } from "../../src/recording/index.ts"
import { framesArbitrary, masterKey, masterKeyOf, outputFrame, sessionInfo, text } from "../support/recordings.ts"

const { sessionId } = sessionInfo
const recipient = masterKey.recipientKey

const pkcs8 = (raw: Uint8Array) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), raw]),
    format: "der",
    type: "pkcs8",
  })
const rawOf = (key: KeyObject) => Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url")

/** What the hub makes of a header that a node wrote. */
const opening = (encryption: ReturnType<RecipientKey["address"]>["encryption"], keys = new KeyRing(masterKey)) =>
  keys.cipherFor({ info: sessionInfo, deflate: true, encryption })

describe("AgreedCipher", () => {
  it("gives every payload to who has the recipient's master key, be it an old one", () => {
    FastCheck.assert(
      FastCheck.property(framesArbitrary, (frames) => {
        const { encryption, cipher } = recipient.address(sessionId)
        const opened = opening(encryption, new KeyRing(masterKeyOf(1), [masterKey]))
        for (const frame of frames.map(wireFrame)) {
          const sealed = cipher.encrypt(frame)
          if (frame.kind === FrameKind.Gap) expect(sealed).toBe(frame)
          else expect(sealed.payload).toHaveLength(frame.payload.length + 28)
          expect(Buffer.from(opened?.decrypt(sealed, 0).payload ?? []).equals(frame.payload)).toBe(true)
        }
      }),
      { numRuns: 20 },
    )
  })

  it("does what the documentation says, in node:crypto's own terms", () => {
    const ephemeral = pkcs8(new Uint8Array(32).fill(4))
    const { encryption, cipher } = recipient.address(sessionId, ephemeral)
    cipher.encrypt(wireFrame(outputFrame(257, text("before"))))
    const { payload } = cipher.encrypt({ ...wireFrame(outputFrame(258, text("secret"), 77)), compressed: true })
    const hubs = pkcs8(Buffer.from(hkdfSync("sha256", Buffer.alloc(32, 9), "", "mezite-recipient-v1", 32)))
    const [ephemeralKey, hubKey] = [rawOf(createPublicKey(ephemeral)), rawOf(createPublicKey(hubs))]
    expect(Buffer.from(recipient.raw).equals(hubKey)).toBe(true)
    expect(encryption).toMatchObject({ scheme: "agreed", keyId: masterKey.id })
    const secret = diffieHellman({ privateKey: hubs, publicKey: createPublicKey(ephemeral) })
    const key = hkdfSync("sha256", secret, Buffer.concat([ephemeralKey, hubKey]), `mezite-spool-v1\0${sessionId}`, 32)
    expect(Buffer.from(payload.subarray(0, 12)).toString("hex")).toBe("000000000000000000000001")
    const decipher = createDecipheriv("aes-256-gcm", Buffer.from(key), payload.subarray(0, 12))
    decipher.setAAD(
      Buffer.concat([
        Buffer.from(`mezite-spool-frame-v1\0${sessionId}\0`),
        Buffer.from(`0000000000000102${"000000000000004d"}010100000006`, "hex"),
      ]),
    )
    decipher.setAuthTag(payload.subarray(-16))
    expect(Buffer.concat([decipher.update(payload.subarray(12, -16)), decipher.final()]).toString()).toBe("secret")
  })

  it("never uses a nonce twice, also where a frame takes the number of one that was lost", () => {
    const { cipher } = recipient.address(sessionId)
    const frame = wireFrame(outputFrame(5, text("secret")))
    const nonces = [1, 2, 3].map(() => Buffer.from(cipher.encrypt(frame).payload.subarray(0, 12)).toString("hex"))
    expect(new Set(nonces).size).toBe(3)
  })

  it.each([
    ["seq", { seq: 6 }],
    ["time", { timeMs: 1 }],
    ["kind", { kind: 2 }],
    ["size", { size: 5 }],
    ["payload", { payload: new Uint8Array(34) }],
    ["length", { payload: new Uint8Array(3) }],
  ] as const)("notices another %s", (_, change) => {
    const { encryption, cipher } = recipient.address(sessionId)
    const sealed = cipher.encrypt(wireFrame(outputFrame(5, text("secret"))))
    expect(() => opening(encryption)?.decrypt({ ...sealed, ...change }, 4)).toThrow(/^at byte 4: frame . was changed/)
  })

  it("makes a key for each recording, that its writer forgets and its header does not tell", () => {
    const { encryption, cipher } = recipient.address(sessionId)
    const other = recipient.address(sessionId)
    const frame = wireFrame(outputFrame(5, text("secret")))
    const sealed = cipher.encrypt(frame)
    expect(() => other.cipher.decrypt(sealed, 0)).toThrow("was changed")
    expect(Buffer.from(cipher.decrypt(sealed, 0).payload).toString()).toBe("secret")
    cipher.forget()
    expect(() => cipher.decrypt(sealed, 0)).toThrow("was changed")
    expect(Buffer.from(opening(encryption)?.decrypt(sealed, 0).payload ?? []).toString()).toBe("secret")
    expect(inspect(cipher, { depth: 9, showHidden: true })).not.toMatch(/Uint8Array\(32\)/)
    expect(encodeHeaderEntry({ info: sessionInfo, deflate: true, encryption }).length).toBeLessThan(300)
  })

  it("says which key it wants, and refuses a point that gives no secret", () => {
    const { encryption } = recipient.address(sessionId)
    expect(() => opening(encryption, new KeyRing(masterKeyOf(1)))).toThrow(
      `encrypted with the key ${masterKey.id}; the keys given are ${masterKeyOf(1).id}`,
    )
    const weak = { scheme: "agreed", keyId: masterKey.id, ephemeralKey: new Uint8Array(32) } as const
    expect(() => opening(weak)).toThrow("the ephemeral key gives no key")
  })
})

describe("RecipientKey", () => {
  it("is told in base64, and read from nothing else", () => {
    expect(RecipientKey.fromBase64(masterKey.id, recipient.base64)).toEqual(Option.some(recipient))
    for (const bad of [
      "",
      "AAAA",
      recipient.base64.replace("=", ""),
      `${recipient.base64}AA`,
      `${recipient.base64}\n`,
    ]) {
      expect(RecipientKey.fromBase64(masterKey.id, bad)).toEqual(Option.none())
    }
  })
})
