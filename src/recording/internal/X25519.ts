import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from "node:crypto"

/** PrivateKeyInfo and SubjectPublicKeyInfo of an X25519 key (RFC 8410) up to the 32 raw bytes. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex")
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex")

/** The private key of these 32 bytes, which any may be (RFC 7748, 5); they are overwritten. */
export const privateKeyOf = (raw: Uint8Array): KeyObject => {
  const key = Buffer.concat([PKCS8_PREFIX, raw])
  raw.fill(0)
  try {
    return createPrivateKey({ key, format: "der", type: "pkcs8" })
  } finally {
    key.fill(0)
  }
}

/** The 32 bytes of a key's public half. */
export const rawPublicKey = (key: KeyObject): Uint8Array => {
  const publicKey = key.type === "private" ? createPublicKey(key) : key
  return new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length))
}

/**
 * What the owners of two keys agree upon for a recording, from one's private and the other's public half: HKDF-SHA256 (RFC 5869)
 * over the X25519 secret, with salt `ephemeral | recipient` and info "mezite-spool-v1\0" and the session id, 32 bytes. Throws
 * where `theirs` is a point that gives no secret (RFC 7748, 6.1).
 */
export const agreedKey = (
  ours: KeyObject,
  theirs: Uint8Array,
  about: { readonly ephemeral: Uint8Array; readonly recipient: Uint8Array; readonly sessionId: string },
): Uint8Array => {
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, theirs]), format: "der", type: "spki" })
  const secret = diffieHellman({ privateKey: ours, publicKey })
  try {
    const salt = Buffer.concat([about.ephemeral, about.recipient])
    return new Uint8Array(hkdfSync("sha256", secret, salt, `mezite-spool-v1\0${about.sessionId}`, 32))
  } finally {
    secret.fill(0)
  }
}
