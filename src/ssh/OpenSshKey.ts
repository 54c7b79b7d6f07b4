import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import type { Either } from "effect"
import { SshFormatError } from "./SshError.ts"
import { readSsh, SshReader, sshMpint, sshString } from "./SshWire.ts"

/** The kinds of keys that are understood. RSA keys have 2048 to 8192 bits. */
export type KeyType = "ssh-ed25519" | "ssh-rsa" | `ecdsa-sha2-${EcdsaCurve}`
export type EcdsaCurve = "nistp256" | "nistp384" | "nistp521"

const curves: Record<EcdsaCurve, { readonly jwk: string; readonly bytes: number }> = {
  nistp256: { jwk: "P-256", bytes: 32 },
  nistp384: { jwk: "P-384", bytes: 48 },
  nistp521: { jwk: "P-521", bytes: 66 },
}

/** The type named by a key blob's or a certificate's first string. Throws `SshFormatError`. */
export const keyTypeNamed = (name: string): KeyType => {
  if (name === "ssh-ed25519" || name === "ssh-rsa") return name
  const curve = /^ecdsa-sha2-(nistp256|nistp384|nistp521)$/.exec(name)?.[1]
  if (curve === undefined) throw new SshFormatError({ message: `keys of type "${name}" are not supported` })
  return `ecdsa-sha2-${curve as EcdsaCurve}`
}

/** Reads a key's own fields, those after its type's name. Throws. */
export const readPublicKey = (type: KeyType, reader: SshReader): KeyObject => {
  if (type === "ssh-ed25519") return ed25519Key(reader.string())
  if (type === "ssh-rsa") return rsaKey(reader.mpint(), reader.mpint())
  return ecdsaKey(type.slice("ecdsa-sha2-".length) as EcdsaCurve, reader)
}

const ed25519Key = (point: Buffer): KeyObject => {
  if (point.length !== 32) throw new SshFormatError({ message: "an Ed25519 key has 32 bytes" })
  return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: point.toString("base64url") } })
}

const rsaKey = (e: Buffer, n: Buffer): KeyObject => {
  if (n.length < 256 || n.length > 1024 || e.length === 0 || e.length > 8) {
    throw new SshFormatError({ message: "an RSA key must have 2048 to 8192 bits" })
  }
  const jwk = { kty: "RSA", e: e.toString("base64url"), n: n.toString("base64url") }
  return createPublicKey({ format: "jwk", key: jwk })
}

const ecdsaKey = (curve: EcdsaCurve, reader: SshReader): KeyObject => {
  const { jwk, bytes } = curves[curve]
  if (reader.text() !== curve) throw new SshFormatError({ message: "an ECDSA key names another curve than its type" })
  const point = reader.string()
  if (point.length !== 1 + 2 * bytes || point[0] !== 4) {
    throw new SshFormatError({ message: "an ECDSA key is not an uncompressed point" })
  }
  const x = point.subarray(1, 1 + bytes).toString("base64url")
  const y = point.subarray(1 + bytes).toString("base64url")
  return createPublicKey({ format: "jwk", key: { kty: "EC", crv: jwk, x, y } })
}

/** The type and the fields of a public key, as they stand in a blob or a certificate. Throws for unsupported keys. */
export const publicKeyFields = (key: KeyObject): { readonly type: KeyType; readonly fields: Buffer } => {
  const jwk = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" })
  const part = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64url")
  if (jwk.crv === "Ed25519") return { type: "ssh-ed25519", fields: sshString(part(jwk.x)) }
  if (jwk.kty === "RSA")
    return { type: "ssh-rsa", fields: Buffer.concat([sshMpint(part(jwk.e)), sshMpint(part(jwk.n))]) }
  const curve = (Object.keys(curves) as Array<EcdsaCurve>).find((name) => curves[name].jwk === jwk.crv)
  if (curve === undefined) throw new SshFormatError({ message: "only Ed25519, RSA and ECDSA keys are supported" })
  const point = Buffer.concat([Buffer.from([4]), part(jwk.x), part(jwk.y)])
  return { type: `ecdsa-sha2-${curve}`, fields: Buffer.concat([sshString(curve), sshString(point)]) }
}

/** A public key (or a private key's public part) as a blob (RFC 4253 section 6.6). Throws for unsupported keys. */
export const publicKeyBlob = (key: KeyObject): Buffer => {
  const { type, fields } = publicKeyFields(key)
  return Buffer.concat([sshString(type), fields])
}

/** Reads a public key's blob; trailing bytes are an error. */
export const parsePublicKeyBlob = (blob: Uint8Array): Either.Either<KeyObject, SshFormatError> =>
  readSsh("a public key", () => {
    const reader = new SshReader(blob)
    const key = readPublicKey(keyTypeNamed(reader.text()), reader)
    reader.end()
    return key
  })

/** `ssh-ed25519 AAAA… comment`, without a line end. Throws for unsupported keys. */
export const publicKeyLine = (key: KeyObject, comment = ""): string => {
  const blob = publicKeyBlob(key)
  return `${publicKeyFields(key).type} ${blob.toString("base64")}${comment === "" ? "" : ` ${comment}`}`
}

/** Reads a line of an `id_*.pub` file; its comment is ignored. */
export const parsePublicKeyLine = (line: string): Either.Either<KeyObject, SshFormatError> =>
  readSsh("a public key line", () => {
    const [name = "", encoded = ""] = line.trim().split(/\s+/)
    const reader = new SshReader(Buffer.from(encoded, "base64"))
    const type = keyTypeNamed(reader.text())
    if (type !== name) throw new SshFormatError({ message: `the line says "${name}", the key "${type}"` })
    const key = readPublicKey(type, reader)
    reader.end()
    return key
  })

/** `SHA256:…`, as `ssh-keygen -l` shows it. */
export const fingerprint = (blob: Uint8Array): string =>
  `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`

/** A new Ed25519 private key. */
export const generateEd25519 = (): KeyObject => generateKeyPairSync("ed25519").privateKey
