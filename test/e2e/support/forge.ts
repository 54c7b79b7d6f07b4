import { createPublicKey, type KeyObject } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { Either } from "effect"
import { certificateAuthority } from "../../../src/ssh/CertificateAuthority.ts"
import { certificateLine } from "../../../src/ssh/OpenSshCertificate.ts"
import { generateEd25519 } from "../../../src/ssh/OpenSshKey.ts"
import { parseOpenSshPrivateKey } from "../../../src/ssh/OpenSshPrivateKey.ts"

/** What is wrong with a certificate: its authority, its time, or both. */
export interface Forgery {
  readonly authority?: KeyObject
  readonly validAfter?: number
  readonly validBefore?: number
  readonly keyId?: string
  readonly principals: ReadonlyArray<string>
}

/** Copies an identity file, with a certificate in it that the hub never gave, and that says it is valid for an hour. */
export const forgeIdentity = (from: string, to: string, forgery: Forgery): void => {
  const identity = JSON.parse(readFileSync(from, "utf8"))
  const key = Either.getOrThrow(parseOpenSshPrivateKey(identity.private_key))
  const now = Math.floor(Date.now() / 1000)
  const certificate = certificateAuthority(forgery.authority ?? generateEd25519()).signUser({
    publicKey: createPublicKey(key),
    keyId: forgery.keyId ?? "alice",
    principals: [...forgery.principals],
    validAfter: BigInt(forgery.validAfter ?? now - 60),
    validBefore: BigInt(forgery.validBefore ?? now + 3_600),
    serial: 1n,
  })
  identity.credentials.certificate = certificateLine(certificate)
  identity.credentials.expires_at = new Date((now + 3_600) * 1000).toISOString()
  writeFileSync(to, JSON.stringify(identity), { mode: 0o600 })
}
