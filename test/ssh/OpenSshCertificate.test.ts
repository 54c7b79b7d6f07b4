import { execFileSync } from "node:child_process"
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import { authSignature, verifyAuthSignature } from "../../src/ssh/AuthSignature.ts"
import { certificateAuthority } from "../../src/ssh/CertificateAuthority.ts"
import { type CertificateExpectation, verifyCertificate } from "../../src/ssh/CertificateVerification.ts"
import { hubOnlyOption } from "../../src/ssh/hubOnlyOption.ts"
import { certificateLine, parseCertificate, parseCertificateLine } from "../../src/ssh/OpenSshCertificate.ts"
import {
  fingerprint,
  generateEd25519,
  parsePublicKeyBlob,
  parsePublicKeyLine,
  publicKeyBlob,
  publicKeyLine,
} from "../../src/ssh/OpenSshKey.ts"
import { parseOpenSshPrivateKey, writeOpenSshPrivateKey } from "../../src/ssh/OpenSshPrivateKey.ts"

const directory = mkdtempSync(join(tmpdir(), "mezite-certificates-"))
afterAll(() => rmSync(directory, { recursive: true }))
const file = (name: string): string => join(directory, name)
const keygen = (...args: ReadonlyArray<string>): string => execFileSync("ssh-keygen", args, { encoding: "utf8" })

const nowMs = 1_800_000_000_000
const nowS = BigInt(nowMs / 1000)
const ca = certificateAuthority(generateEd25519())
const userKey = generateEd25519()
const request = {
  publicKey: userKey,
  keyId: "alice",
  principals: ["root", "deploy"],
  validAfter: nowS - 60n,
  validBefore: nowS + 60n,
  serial: 7n,
}
const expected: CertificateExpectation = {
  kind: "user",
  authorities: [ca.blob],
  principal: "root",
  nowMs,
  remoteAddress: "10.1.2.3",
}
const reasonOf = (result: ReturnType<typeof verifyCertificate>): string =>
  Either.match(result, { onLeft: ({ reason }) => reason, onRight: () => "accepted" })

describe("certificates made here", () => {
  it("are understood by ssh-keygen -L", () => {
    const criticalOptions = new Map([["source-address", "10.0.0.0/8"]])
    const certificate = ca.signUser({ ...request, criticalOptions })
    writeFileSync(file("mine-cert.pub"), `${certificateLine(certificate, "x")}\n`)
    const shown = keygen("-L", "-f", file("mine-cert.pub"))
    expect(shown).toContain("ssh-ed25519-cert-v01@openssh.com user certificate")
    expect(shown).toContain(`Signing CA: ED25519 ${fingerprint(ca.blob)}`)
    expect(shown).toContain('Key ID: "alice"')
    expect(shown).toContain("Serial: 7")
    expect(shown).toMatch(/Principals:\s+root\s+deploy/)
    expect(shown).toMatch(/source-address 10\.0\.0\.0\/8/)
    expect(shown.match(/permit-\S+/g)).toEqual(["permit-agent-forwarding", "permit-port-forwarding", "permit-pty"])
  })

  it("are accepted for whom they are meant, and for nobody else", () => {
    const certificate = ca.signUser(request)
    const other = certificateAuthority(generateEd25519())
    const verdict = (change: Partial<CertificateExpectation>) =>
      reasonOf(verifyCertificate(certificate, { ...expected, ...change }))
    expect(verdict({})).toBe("accepted")
    expect(verdict({ authorities: [other.blob] })).toBe("authority")
    expect(verdict({ authorities: [] })).toBe("authority")
    expect(verdict({ kind: "host" })).toBe("kind")
    expect(verdict({ principal: "admin" })).toBe("principal")
    expect(verdict({ nowMs: nowMs - 61_000 })).toBe("validity")
    expect(verdict({ nowMs: nowMs + 59_999 })).toBe("accepted")
    expect(verdict({ nowMs: nowMs + 60_000 })).toBe("validity")
  })

  it("are refused with any bit of them flipped", () => {
    const certificate = ca.signUser(request)
    FastCheck.assert(
      FastCheck.property(FastCheck.nat(certificate.blob.length * 8 - 1), (bit) => {
        const blob = Buffer.from(certificate.blob)
        blob[bit >> 3] = (blob[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const parsed = parseCertificate(blob)
        return Either.isLeft(parsed) || Either.isLeft(verifyCertificate(parsed.right, expected))
      }),
      { numRuns: 1000 },
    )
  })

  it("are refused where a critical option is not met or not known", () => {
    const verdict = (name: string, value: string, remoteAddress: string | undefined = "10.1.2.3") =>
      reasonOf(
        verifyCertificate(ca.signUser({ ...request, criticalOptions: new Map([[name, value]]) }), {
          ...expected,
          remoteAddress,
        }),
      )
    expect(verdict("source-address", "192.168.0.0/16,10.0.0.0/8")).toBe("accepted")
    expect(verdict("source-address", "10.0.0.0/8", "::ffff:10.9.9.9")).toBe("accepted")
    expect(verdict("source-address", "2001:db8::/32", "2001:db8::1")).toBe("accepted")
    expect(verdict("source-address", "10.1.2.4")).toBe("source-address")
    expect(verdict("source-address", "10.0.0.0/33")).toBe("source-address")
    expect(verdict("source-address", "0.0.0.0/0", "nowhere")).toBe("source-address")
    expect(verdict(hubOnlyOption, "")).toBe("accepted")
    expect(verdict("force-command", "true")).toBe("critical-option")
    expect(verdict("whatever@example.com", "")).toBe("critical-option")
  })
})

describe("certificates made by ssh-keygen", () => {
  const authority = file("authority")
  keygen("-q", "-t", "ed25519", "-N", "", "-f", authority)

  for (const [type, bits] of [
    ["ed25519", ""],
    ["rsa", "2048"],
    ["ecdsa", "256"],
    ["ecdsa", "384"],
    ["ecdsa", "521"],
  ] as const) {
    it(`are read and verified: ${type} ${bits}`, () => {
      const key = file(`${type}${bits}`)
      keygen("-q", "-t", type, ...(bits === "" ? [] : ["-b", bits]), "-N", "", "-f", key)
      keygen("-q", "-s", authority, "-I", "bob", "-n", "root,bob", "-V", "+1h", "-z", "42", `${key}.pub`)
      const certificate = Either.getOrThrow(parseCertificateLine(readFileSync(`${key}-cert.pub`, "utf8")))
      const signer = Either.getOrThrow(parsePublicKeyLine(readFileSync(`${authority}.pub`, "utf8")))
      expect(certificate.serial).toBe(42n)
      expect(certificate.principals).toEqual(["root", "bob"])
      expect(publicKeyLine(certificate.publicKey)).toBe(
        readFileSync(`${key}.pub`, "utf8").split(" ").slice(0, 2).join(" "),
      )
      const verdict = verifyCertificate(certificate, {
        ...expected,
        authorities: [publicKeyBlob(signer)],
        nowMs: Date.now(),
      })
      expect(reasonOf(verdict)).toBe("accepted")
    })
  }
})

describe("signatures", () => {
  const keys: Record<string, KeyObject> = {
    ed25519: generateEd25519(),
    rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
    p256: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    p384: generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
    p521: generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey,
  }
  const data = Buffer.from("the session's exchange")

  for (const [name, key] of Object.entries(keys)) {
    it(`of ${name} keys are verified, others are not`, () => {
      const certificate = ca.signUser({ ...request, publicKey: key })
      const { wrapped } = authSignature(key, data)
      expect(verifyAuthSignature(certificate, data, wrapped)).toBe(true)
      expect(verifyAuthSignature(certificate, Buffer.from("another"), wrapped)).toBe(false)
      const flipped = Buffer.from(wrapped)
      flipped[flipped.length - 1] = (flipped[flipped.length - 1] ?? 0) ^ 1
      expect(verifyAuthSignature(certificate, data, flipped)).toBe(false)
      expect(verifyAuthSignature(certificate, data, wrapped.subarray(0, -1))).toBe(false)
      expect(verifyAuthSignature(certificate, data, Buffer.alloc(0))).toBe(false)
    })
  }

  it("with SHA-1 are refused", () => {
    const key = keys.rsa as KeyObject
    const signature = sign("sha1", data, key)
    const wrapped = Buffer.concat([
      Buffer.from([0, 0, 0, 7]),
      Buffer.from("ssh-rsa"),
      Buffer.from([0, 0, signature.length >> 8, signature.length & 255]),
      signature,
    ])
    expect(verifyAuthSignature(ca.signUser({ ...request, publicKey: key }), data, wrapped)).toBe(false)
  })
})

describe("keys", () => {
  it("written here are read by ssh-keygen, and the other way round", () => {
    writeFileSync(file("id"), writeOpenSshPrivateKey(userKey, "alice@laptop"), { mode: 0o600 })
    expect(keygen("-y", "-f", file("id")).trim()).toBe(publicKeyLine(userKey, "alice@laptop"))
    expect(keygen("-l", "-f", file("id"))).toContain(fingerprint(publicKeyBlob(userKey)))
    keygen("-q", "-t", "ed25519", "-N", "", "-f", file("theirs"), "-C", "them")
    const theirs = Either.getOrThrow(parseOpenSshPrivateKey(readFileSync(file("theirs"), "utf8")))
    expect(publicKeyLine(theirs, "them")).toBe(readFileSync(file("theirs.pub"), "utf8").trim())
  })

  it("under a passphrase are refused with the reason", () => {
    keygen("-q", "-t", "ed25519", "-N", "secret", "-f", file("locked"))
    const result = parseOpenSshPrivateKey(readFileSync(file("locked"), "utf8"))
    expect(Either.isLeft(result) && result.left.message).toContain("passphrase")
  })
})

describe("hostile input", () => {
  it("never makes a parser throw", () => {
    const blob = ca.signUser(request).blob
    const mutated = FastCheck.tuple(
      FastCheck.nat(blob.length),
      FastCheck.array(FastCheck.tuple(FastCheck.nat(blob.length - 1), FastCheck.nat(255)), { maxLength: 8 }),
    ).map(([length, changes]) => {
      const bytes = Buffer.from(blob)
      for (const [at, value] of changes) bytes[at] = value
      return bytes.subarray(0, length)
    })
    FastCheck.assert(
      FastCheck.property(FastCheck.oneof(mutated, FastCheck.uint8Array({ maxLength: 512 })), (bytes) => {
        parseCertificate(bytes)
        parsePublicKeyBlob(bytes)
        parseCertificateLine(Buffer.from(bytes).toString("latin1"))
        parseOpenSshPrivateKey(Buffer.from(bytes).toString("latin1"))
        verifyAuthSignature(ca.signUser(request), bytes, bytes)
      }),
      { numRuns: 500 },
    )
  })
})
