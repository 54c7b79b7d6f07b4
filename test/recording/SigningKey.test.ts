import { createHash, createPublicKey, generateKeyPairSync, verify } from "node:crypto"
import { inspect } from "node:util"
import { Either } from "effect"
import { describe, expect, it } from "vitest"
import {
  decodeSealEntry,
  encodeSealEntry,
  type RecordingKeyError,
  SEAL_ENTRY_BYTES,
  SigningKey,
  sealMessage,
  VerifyingKey,
} from "../../src/recording/index.ts"
import { sessionInfo, signer } from "../support/recordings.ts"

const { sessionId } = sessionInfo

describe("keys for seals", () => {
  it("come back from their text forms", () => {
    const key = SigningKey.generate()
    const again = Either.getOrThrow(SigningKey.parse(key.toPem()))
    expect(again.publicKey.id).toEqual(key.publicKey.id)
    const hex = Buffer.from(key.publicKey.raw).toString("hex")
    for (const text of [key.publicKey.toPem(), hex, ` ${hex.toUpperCase()}\n`]) {
      expect(Either.getOrThrow(VerifyingKey.parse(text)).id).toEqual(key.publicKey.id)
    }
  })

  it("are named by the hash of the raw public key", () => {
    const raw = signer.publicKey.raw
    expect(raw).toHaveLength(32)
    expect(Buffer.from(signer.publicKey.id)).toEqual(createHash("sha256").update(raw).digest())
  })

  it("do not show themselves", () => {
    expect(inspect(signer, { depth: 9, showHidden: true })).not.toContain("PRIVATE")
    expect(Object.keys(signer)).toEqual(["publicKey"])
  })

  it("are refused where they are of another kind, without being repeated", () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const refusals: ReadonlyArray<Either.Either<unknown, RecordingKeyError>> = [
      SigningKey.fromKeyObject(other.privateKey),
      SigningKey.parse("SECRET"),
      SigningKey.parse(signer.publicKey.toPem()),
      VerifyingKey.parse("SECRET"),
      VerifyingKey.fromKeyObject(other.publicKey),
    ]
    for (const refused of refusals) {
      expect(Either.flip(refused).pipe(Either.getOrThrow).message).not.toContain("SECRET")
    }
  })
})

describe("a seal", () => {
  const digest = createHash("sha256").update("bytes").digest()
  const statement = { seq: 258, digest: new Uint8Array(digest), endOffset: 2 ** 40 }
  const signature = signer.sign(sealMessage(sessionId, statement))
  const seal = { ...statement, signature: new Uint8Array(signature), keyId: signer.publicKey.id }

  it("is signed as the documentation says", () => {
    const message = Buffer.concat([
      Buffer.from(`mezite-seal-v1\0${sessionId}\0`),
      Buffer.from("0000000000000102" + "0000010000000000", "hex"),
      digest,
    ])
    expect(verify(null, message, createPublicKey(signer.publicKey.toPem()), signature)).toBe(true)
  })

  it("has one form and one size", () => {
    const entry = encodeSealEntry(seal)
    expect(entry).toHaveLength(SEAL_ENTRY_BYTES)
    expect(decodeSealEntry(entry, 0)).toEqual(seal)
    expect(encodeSealEntry({ ...seal, seq: 0, endOffset: 0 })).toHaveLength(SEAL_ENTRY_BYTES)
    for (const bytes of [entry.subarray(0, -1), Buffer.concat([entry, Buffer.from([0])])]) {
      expect(() => decodeSealEntry(bytes, 0)).toThrow("another form")
    }
    for (let at = 0; at < entry.length; at++) {
      const changed = entry.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x80
      let read: unknown
      try {
        read = decodeSealEntry(changed, 0)
      } catch {
        continue
      }
      expect(read).not.toEqual(seal)
    }
  })
})
