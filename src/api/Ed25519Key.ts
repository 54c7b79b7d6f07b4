import { createPublicKey, type KeyObject } from "node:crypto"
import { Option } from "effect"

const algorithm = "ssh-ed25519"
const prefix = Buffer.concat([
  Buffer.from([0, 0, 0, algorithm.length]),
  Buffer.from(algorithm),
  Buffer.from([0, 0, 0, 32]),
])

/** The Ed25519 public key of 32 raw bytes (RFC 8032). */
export const ed25519FromRaw = (raw: Uint8Array): Option.Option<KeyObject> =>
  raw.length === 32
    ? Option.some(
        createPublicKey({
          key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(raw).toString("base64url") },
          format: "jwk",
        }),
      )
    : Option.none()

/** Reads a line `ssh-ed25519 AAAA… [comment]` (RFC 8709); none for any other kind of key. */
export const ed25519FromSsh = (line: string): Option.Option<KeyObject> => {
  const match = /^ssh-ed25519 ([A-Za-z0-9+/]{68})(?:\s.*)?$/.exec(line.trim())
  if (match === null) return Option.none()
  const blob = Buffer.from(match[1] ?? "", "base64")
  return blob.length === prefix.length + 32 && blob.subarray(0, prefix.length).equals(prefix)
    ? ed25519FromRaw(blob.subarray(prefix.length))
    : Option.none()
}

/** Writes the public half of an Ed25519 key as `ssh-ed25519 AAAA…`; none for any other kind of key. */
export const ed25519ToSsh = (key: KeyObject): Option.Option<string> => {
  const { crv, x } = key.export({ format: "jwk" })
  return crv === "Ed25519" && x !== undefined
    ? Option.some(`${algorithm} ${Buffer.concat([prefix, Buffer.from(x, "base64url")]).toString("base64")}`)
    : Option.none()
}
