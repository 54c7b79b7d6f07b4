import { createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto"
import { isIP } from "node:net"
import { bits, der, oid, sequence, time, unsigned } from "./Der.ts"

const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"))

const ipv6Bytes = (address: string): Buffer => {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = "", tail] = canonical.split("::")
  const groups = (text: string) => (text === "" ? [] : text.split(":"))
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(zeros).fill("0"), ...groups(tail ?? "")]
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex")
}

const generalName = (name: string): Buffer => {
  switch (isIP(name)) {
    case 4:
      return der(0x87, Buffer.from(name.split(".").map(Number)))
    case 6:
      return der(0x87, ipv6Bytes(name))
    default:
      return der(0x82, Buffer.from(name, "latin1"))
  }
}

const critical = der(0x01, Buffer.from([0xff]))

/** Of a server that is no authority (RFC 5280, 4.2.1): basic constraints, key usage, its purpose and its names. */
const extensions = (names: ReadonlyArray<string>): Buffer =>
  der(
    0xa3,
    sequence(
      sequence(oid("2.5.29.19"), critical, der(0x04, sequence())),
      sequence(oid("2.5.29.15"), critical, der(0x04, bits(Buffer.from([0x80]), 7))),
      sequence(oid("2.5.29.37"), der(0x04, sequence(oid("1.3.6.1.5.5.7.3.1")))),
      sequence(oid("2.5.29.17"), der(0x04, sequence(...names.map(generalName)))),
    ),
  )

export interface CertificateRequest {
  /** An EC P-256 private key. */
  readonly key: KeyObject
  readonly commonName: string
  /** DNS names and IP addresses. */
  readonly names: ReadonlyArray<string>
  readonly notBefore: Date
  readonly notAfter: Date
}

/** An X.509 v3 certificate of a TLS server (RFC 5280), signed with its own key; in PEM. */
export const selfSignedCertificate = ({ key, commonName, names, notBefore, notAfter }: CertificateRequest): string => {
  const name = sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))))
  const body = sequence(
    der(0xa0, unsigned(Buffer.from([2]))),
    unsigned(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    createPublicKey(key).export({ type: "spki", format: "der" }),
    extensions(names),
  )
  const certificate = sequence(body, ecdsaWithSha256, bits(sign("sha256", body, key)))
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`
}
