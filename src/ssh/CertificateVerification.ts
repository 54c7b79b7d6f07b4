import { verify } from "node:crypto"
import { Either } from "effect"
import { hubOnlyOption } from "./hubOnlyOption.ts"
import { sourceAddressAllows } from "./internal/SourceAddress.ts"
import type { OpenSshCertificate } from "./OpenSshCertificate.ts"
import { parsePublicKeyBlob } from "./OpenSshKey.ts"
import { CertificateRejected } from "./SshError.ts"
import { SshReader } from "./SshWire.ts"

/** What a certificate is held against. */
export interface CertificateExpectation {
  readonly kind: "user" | "host"
  /** Blobs of the Ed25519 keys that are trusted to sign certificates of this kind. */
  readonly authorities: ReadonlyArray<Uint8Array>
  /** The login, or the host's name; must be among the principals. A certificate without principals is for nobody. */
  readonly principal: string
  /** Unix milliseconds. */
  readonly nowMs: number
  /** The peer's address; without it, a certificate with `source-address` is refused. */
  readonly remoteAddress?: string | undefined
}

const rejected = (reason: CertificateRejected["reason"], message: string) =>
  Either.left(new CertificateRejected({ reason, message }))

/**
 * Whether a certificate is signed by a trusted authority and valid for this purpose, now, from there.
 *
 * Critical options: `source-address` is honoured, and so is `hubOnlyOption`, since Mezite's servers are reached through a hub alone;
 * every other one, `force-command` included, is refused, because a critical option that is not enforced must not be accepted
 * (PROTOCOL.certkeys). Host certificates may have none.
 */
export const verifyCertificate = (
  certificate: OpenSshCertificate,
  expected: CertificateExpectation,
): Either.Either<void, CertificateRejected> =>
  Either.all([
    checkAuthority(certificate, expected.authorities),
    checkKind(certificate, expected.kind),
    checkValidity(certificate, expected.nowMs),
    checkPrincipal(certificate, expected.principal),
    checkCriticalOptions(certificate, expected.remoteAddress),
  ]).pipe(Either.map(() => undefined))

const checkAuthority = (certificate: OpenSshCertificate, authorities: ReadonlyArray<Uint8Array>) => {
  if (!authorities.some((authority) => certificate.authority.equals(authority))) {
    return rejected("authority", `certificate "${certificate.keyId}" is signed by an authority that is not trusted`)
  }
  return isSignedByItsAuthority(certificate)
    ? Either.void
    : rejected("signature", `the signature of certificate "${certificate.keyId}" is wrong`)
}

const isSignedByItsAuthority = (certificate: OpenSshCertificate): boolean =>
  Either.getOrElse(
    Either.flatMap(parsePublicKeyBlob(certificate.authority), (key) =>
      Either.try(() => {
        const reader = new SshReader(certificate.signature)
        const algorithm = reader.text()
        const signature = reader.string()
        reader.end()
        return (
          algorithm === "ssh-ed25519" &&
          key.asymmetricKeyType === "ed25519" &&
          verify(null, certificate.signed, key, signature)
        )
      }),
    ),
    () => false,
  )

const checkKind = (certificate: OpenSshCertificate, kind: "user" | "host") =>
  certificate.kind === kind
    ? Either.void
    : rejected("kind", `certificate "${certificate.keyId}" is a ${certificate.kind} certificate, not a ${kind}'s`)

/** Whether a certificate, verified before, is valid at this time (Unix milliseconds). */
export const checkValidity = (
  certificate: OpenSshCertificate,
  nowMs: number,
): Either.Either<void, CertificateRejected> => {
  const now = BigInt(Math.floor(nowMs / 1000))
  if (now < certificate.validAfter) return rejected("validity", `certificate "${certificate.keyId}" is not valid yet`)
  return now < certificate.validBefore
    ? Either.void
    : rejected("validity", `certificate "${certificate.keyId}" has expired; log in again`)
}

const checkPrincipal = (certificate: OpenSshCertificate, principal: string) =>
  certificate.principals.includes(principal)
    ? Either.void
    : rejected("principal", `certificate "${certificate.keyId}" is not for "${principal}"`)

const checkCriticalOptions = (certificate: OpenSshCertificate, remoteAddress: string | undefined) => {
  for (const [name, value] of certificate.criticalOptions) {
    if (name === hubOnlyOption && certificate.kind === "user") continue
    if (name !== "source-address" || certificate.kind === "host") {
      return rejected(
        "critical-option",
        `certificate "${certificate.keyId}" asks for "${name}", which is not supported`,
      )
    }
    if (remoteAddress === undefined || !sourceAddressAllows(value, remoteAddress)) {
      return rejected(
        "source-address",
        `certificate "${certificate.keyId}" may not be used from ${remoteAddress ?? "here"}`,
      )
    }
  }
  return Either.void
}
