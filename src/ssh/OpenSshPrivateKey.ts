import { createPrivateKey, type KeyObject, randomBytes } from "node:crypto"
import type { Either } from "effect"
import { publicKeyBlob } from "./OpenSshKey.ts"
import { SshFormatError } from "./SshError.ts"
import { readSsh, SshReader, sshString } from "./SshWire.ts"

const magic = Buffer.from("openssh-key-v1\0", "latin1")
const begin = "-----BEGIN OPENSSH PRIVATE KEY-----"
const end = "-----END OPENSSH PRIVATE KEY-----"

/**
 * An Ed25519 private key in OpenSSH's own form (PROTOCOL.key), unencrypted, ending in a line end: the form that `ssh -i`
 * reads. Whoever writes it to a file gives that file mode 0600. Throws for other kinds of keys.
 */
export const writeOpenSshPrivateKey = (key: KeyObject, comment = ""): string => {
  const jwk = key.export({ format: "jwk" })
  if (jwk.crv !== "Ed25519" || jwk.d === undefined || jwk.x === undefined) {
    throw new SshFormatError({ message: "only Ed25519 private keys can be written in OpenSSH's form" })
  }
  const seed = Buffer.from(jwk.d, "base64url")
  const point = Buffer.from(jwk.x, "base64url")
  const check = randomBytes(4)
  const secret = [check, check, sshString("ssh-ed25519"), sshString(point)]
  secret.push(sshString(Buffer.concat([seed, point])), sshString(comment))
  const length = secret.reduce((sum, part) => sum + part.length, 0)
  for (let pad = 1; (length + pad - 1) % 8 !== 0; pad++) secret.push(Buffer.from([pad]))
  const body = Buffer.concat([
    magic,
    sshString("none"),
    sshString("none"),
    sshString(""),
    Buffer.from([0, 0, 0, 1]),
    sshString(publicKeyBlob(key)),
    sshString(Buffer.concat(secret)),
  ])
  const lines = body.toString("base64").match(/.{1,70}/g) ?? []
  return `${[begin, ...lines, end].join("\n")}\n`
}

/** Reads what {@link writeOpenSshPrivateKey} or `ssh-keygen -t ed25519 -N ""` wrote. Passphrases are not supported. */
export const parseOpenSshPrivateKey = (pem: string): Either.Either<KeyObject, SshFormatError> =>
  readSsh("an OpenSSH private key", () => {
    const text = pem.trim()
    if (!text.startsWith(begin) || !text.endsWith(end)) throw new SshFormatError({ message: `no "${begin}"` })
    const body = Buffer.from(text.slice(begin.length, -end.length), "base64")
    if (!body.subarray(0, magic.length).equals(magic)) throw new SshFormatError({ message: "its magic is missing" })
    const reader = new SshReader(body.subarray(magic.length))
    if (reader.text() !== "none") throw new SshFormatError({ message: "it is encrypted with a passphrase" })
    reader.string()
    reader.string()
    if (reader.uint32() !== 1) throw new SshFormatError({ message: "it holds more than one key" })
    reader.string()
    return readSecret(new SshReader(reader.string()))
  })

const readSecret = (reader: SshReader): KeyObject => {
  const check = reader.uint32()
  if (reader.uint32() !== check) throw new SshFormatError({ message: "its check numbers differ" })
  const type = reader.text()
  if (type !== "ssh-ed25519") throw new SshFormatError({ message: `only Ed25519 keys are read, not "${type}"` })
  const point = reader.string()
  const secret = reader.string()
  if (point.length !== 32 || secret.length !== 64 || !secret.subarray(32).equals(point)) {
    throw new SshFormatError({ message: "its key has a wrong length" })
  }
  const d = secret.subarray(0, 32).toString("base64url")
  return createPrivateKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", d, x: point.toString("base64url") } })
}
