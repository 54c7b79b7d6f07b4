import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { Option, Redacted } from "effect"
import { ed25519ToSsh } from "../../api/Ed25519Key.ts"

/** An Ed25519 key of the cluster's. The private half is for whoever signs in this process, and for nobody else. */
export interface SigningKey {
  readonly privateKey: Redacted.Redacted<KeyObject>
  /** `ssh-ed25519 AAAA…` */
  readonly publicLine: string
  /** The raw 32 bytes (RFC 8032). */
  readonly publicRaw: Uint8Array
}

/** A new private key, as PKCS #8 in PEM. */
export const newPrivateKeyPem = (): Redacted.Redacted<string> =>
  Redacted.make(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string)

/** The key of that PEM; throws where it is no Ed25519 private key. */
export const signingKey = (pem: Redacted.Redacted<string>): SigningKey => {
  const privateKey = createPrivateKey(Redacted.value(pem))
  const publicKey = createPublicKey(privateKey)
  const publicLine = Option.getOrThrowWith(ed25519ToSsh(publicKey), () => new TypeError("this is no Ed25519 key"))
  const { x = "" } = publicKey.export({ format: "jwk" })
  return { privateKey: Redacted.make(privateKey), publicLine, publicRaw: Buffer.from(x, "base64url") }
}
