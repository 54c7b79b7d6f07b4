import { type KeyObject, sign, verify } from "node:crypto"
import { Either } from "effect"
import type { OpenSshCertificate } from "./OpenSshCertificate.ts"
import { type KeyType, publicKeyFields } from "./OpenSshKey.ts"
import { readSsh, SshReader, sshMpint, sshString } from "./SshWire.ts"

const digests: Record<string, string | null> = {
  "ssh-ed25519": null,
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
  "ecdsa-sha2-nistp256": "sha256",
  "ecdsa-sha2-nistp384": "sha384",
  "ecdsa-sha2-nistp521": "sha512",
}

const coordinateBytes: Record<string, number> = {
  "ecdsa-sha2-nistp256": 32,
  "ecdsa-sha2-nistp384": 48,
  "ecdsa-sha2-nistp521": 66,
}

const allows = (type: KeyType, algorithm: string): boolean =>
  type === "ssh-rsa" ? algorithm === "rsa-sha2-256" || algorithm === "rsa-sha2-512" : algorithm === type

/** r and s, each an mpint (RFC 5656 section 3.1.2), as the fixed-width pair that node takes. Throws. */
const ecdsaPair = (signature: Uint8Array, bytes: number): Buffer => {
  const reader = new SshReader(signature)
  const pair = Buffer.alloc(2 * bytes)
  for (const end of [bytes, 2 * bytes]) {
    const number = reader.mpint()
    if (number.length > bytes) return Buffer.alloc(0)
    pair.set(number, end - number.length)
  }
  reader.end()
  return pair
}

/**
 * Whether `wrapped`, string(algorithm) + string(signature), is the certified key's signature over `blob`. Algorithms:
 * ssh-ed25519, rsa-sha2-256, rsa-sha2-512 and ecdsa-sha2-nistp256, -384, -521; never SHA-1. Never throws.
 */
export const verifyAuthSignature = (
  certificate: Pick<OpenSshCertificate, "keyType" | "publicKey">,
  blob: Uint8Array,
  wrapped: Uint8Array,
): boolean =>
  Either.getOrElse(
    readSsh("a signature", () => {
      const reader = new SshReader(wrapped)
      const algorithm = reader.text()
      const signature = reader.string()
      reader.end()
      const digest = digests[algorithm]
      if (digest === undefined || !allows(certificate.keyType, algorithm)) return false
      const width = coordinateBytes[algorithm]
      return width === undefined
        ? verify(digest, blob, certificate.publicKey, signature)
        : verify(digest, blob, { key: certificate.publicKey, dsaEncoding: "ieee-p1363" }, ecdsaPair(signature, width))
    }),
    () => false,
  )

/** A private key's signature over `data`, and the algorithm's name (RSA signs with SHA-512). Throws for unsupported keys. */
export const authSignature = (
  key: KeyObject,
  data: Uint8Array,
): { readonly algorithm: string; readonly wrapped: Buffer } => {
  const { type } = publicKeyFields(key)
  const algorithm = type === "ssh-rsa" ? "rsa-sha2-512" : type
  const width = coordinateBytes[algorithm]
  const digest = digests[algorithm] ?? null
  const signature =
    width === undefined ? sign(digest, data, key) : ecdsaNumbers(sign(digest, data, { key, dsaEncoding: "ieee-p1363" }))
  return { algorithm, wrapped: Buffer.concat([sshString(algorithm), sshString(signature)]) }
}

const ecdsaNumbers = (pair: Buffer): Buffer =>
  Buffer.concat([sshMpint(pair.subarray(0, pair.length / 2)), sshMpint(pair.subarray(pair.length / 2))])
