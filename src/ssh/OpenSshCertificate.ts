import type { KeyObject } from "node:crypto"
import type { Either } from "effect"
import { type KeyType, keyTypeNamed, publicKeyFields, readPublicKey } from "./OpenSshKey.ts"
import { SshFormatError } from "./SshError.ts"
import { readSsh, SshReader, sshString, sshUint32, sshUint64 } from "./SshWire.ts"

/** What a certificate says, all but the signature (OpenSSH's PROTOCOL.certkeys). */
export interface CertificateContent {
  readonly publicKey: KeyObject
  readonly serial: bigint
  readonly kind: "user" | "host"
  readonly keyId: string
  /** Logins of a user certificate, names of a host certificate. */
  readonly principals: ReadonlyArray<string>
  /** Seconds since 1970, inclusive. */
  readonly validAfter: bigint
  /** Seconds since 1970, exclusive. */
  readonly validBefore: bigint
  /** Name to value; a flag's value is empty. */
  readonly criticalOptions: ReadonlyMap<string, string>
  readonly extensions: ReadonlyMap<string, string>
}

/** A well-formed certificate. Nothing is said about who signed it: see `verifyCertificate`. */
export interface OpenSshCertificate extends CertificateContent {
  readonly keyType: KeyType
  /** The authority's public key, as a blob. */
  readonly authority: Buffer
  /** The bytes under the signature. */
  readonly signed: Buffer
  /** string(algorithm) + string(signature). */
  readonly signature: Buffer
  /** The whole certificate. */
  readonly blob: Buffer
}

const suffix = "-cert-v01@openssh.com"
const maxPrincipals = 256

/** `ssh-ed25519-cert-v01@openssh.com` for `ssh-ed25519`. */
export const certificateType = (type: KeyType): string => `${type}${suffix}`

/** Whether a public key algorithm's name is that of a certificate. */
export const isCertificateType = (name: string): boolean => name.endsWith(suffix)

/** Reads a certificate's blob. Every length is checked; duplicate options and trailing bytes are errors. */
export const parseCertificate = (blob: Uint8Array): Either.Either<OpenSshCertificate, SshFormatError> =>
  readSsh("an OpenSSH certificate", () => {
    const reader = new SshReader(blob)
    const name = reader.text()
    if (!isCertificateType(name)) throw new SshFormatError({ message: `"${name}" is not a certificate's type` })
    const keyType = keyTypeNamed(name.slice(0, -suffix.length))
    reader.string()
    const publicKey = readPublicKey(keyType, reader)
    const content = { publicKey, ...readContent(reader) }
    const authority = reader.string()
    const signed = Buffer.from(blob.subarray(0, reader.position))
    const signature = reader.string()
    reader.end()
    return { ...content, keyType, authority, signed, signature, blob: Buffer.from(blob) }
  })

const readContent = (reader: SshReader): Omit<CertificateContent, "publicKey"> => {
  const serial = reader.uint64()
  const kind = kindOf(reader.uint32())
  const keyId = reader.text()
  const principals = readPrincipals(new SshReader(reader.string()))
  const validAfter = reader.uint64()
  const validBefore = reader.uint64()
  const criticalOptions = readOptions(new SshReader(reader.string()))
  const extensions = readOptions(new SshReader(reader.string()))
  reader.string()
  return { serial, kind, keyId, principals, validAfter, validBefore, criticalOptions, extensions }
}

const kindOf = (type: number): "user" | "host" => {
  if (type === 1) return "user"
  if (type === 2) return "host"
  throw new SshFormatError({ message: `certificates of type ${type} are unknown` })
}

const readPrincipals = (reader: SshReader): ReadonlyArray<string> => {
  const principals: Array<string> = []
  while (!reader.atEnd) {
    if (principals.length === maxPrincipals) throw new SshFormatError({ message: `over ${maxPrincipals} principals` })
    principals.push(reader.text())
  }
  return principals
}

const readOptions = (reader: SshReader): ReadonlyMap<string, string> => {
  const options = new Map<string, string>()
  while (!reader.atEnd) {
    const name = reader.text()
    const data = new SshReader(reader.string())
    if (options.has(name)) throw new SshFormatError({ message: `the option "${name}" stands there twice` })
    options.set(name, data.atEnd ? "" : data.text())
    data.end()
  }
  return options
}

/** The bytes that the authority signs. Options are written in the order that PROTOCOL.certkeys asks for. */
export const encodeUnsigned = (content: CertificateContent, authority: Uint8Array, nonce: Uint8Array): Buffer => {
  const { type, fields } = publicKeyFields(content.publicKey)
  return Buffer.concat([
    sshString(certificateType(type)),
    sshString(nonce),
    fields,
    sshUint64(content.serial),
    sshUint32(content.kind === "user" ? 1 : 2),
    sshString(content.keyId),
    sshString(Buffer.concat(content.principals.map(sshString))),
    sshUint64(content.validAfter),
    sshUint64(content.validBefore),
    sshString(encodeOptions(content.criticalOptions)),
    sshString(encodeOptions(content.extensions)),
    sshString(""),
    sshString(authority),
  ])
}

const encodeOptions = (options: ReadonlyMap<string, string>): Buffer =>
  Buffer.concat(
    [...options]
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .flatMap(([name, value]) => [sshString(name), sshString(value === "" ? "" : sshString(value))]),
  )

/** A line of a `…-cert.pub` file, without a line end. */
export const certificateLine = (certificate: OpenSshCertificate, comment = ""): string =>
  `${certificateType(certificate.keyType)} ${certificate.blob.toString("base64")}${comment === "" ? "" : ` ${comment}`}`

/** Reads a line of a `…-cert.pub` file. */
export const parseCertificateLine = (line: string): Either.Either<OpenSshCertificate, SshFormatError> =>
  parseCertificate(Buffer.from(line.trim().split(/\s+/)[1] ?? "", "base64"))
