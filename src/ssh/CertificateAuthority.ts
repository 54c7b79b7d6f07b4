import { createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto"
import { Either } from "effect"
import {
  type CertificateContent,
  encodeUnsigned,
  type OpenSshCertificate,
  parseCertificate,
} from "./OpenSshCertificate.ts"
import { publicKeyBlob, publicKeyLine } from "./OpenSshKey.ts"
import { SshFormatError } from "./SshError.ts"
import { sshString } from "./SshWire.ts"

/** What nodes may serve, each within what the hub grants; `permit-port-forwarding` is also what the front door's jump needs. */
export const defaultExtensions: ReadonlyMap<string, string> = new Map(
  ["permit-agent-forwarding", "permit-port-forwarding", "permit-pty"].map((name) => [name, ""] as const),
)

/** A host certificate's content. Times are seconds since 1970. */
export interface HostCertificateRequest {
  readonly publicKey: KeyObject
  readonly keyId: string
  readonly principals: ReadonlyArray<string>
  readonly validAfter: bigint
  readonly validBefore: bigint
  readonly serial: bigint
}

/** A user certificate's content; `extensions` are {@link defaultExtensions} where they are not given. */
export interface UserCertificateRequest extends HostCertificateRequest {
  readonly extensions?: ReadonlyMap<string, string>
  readonly criticalOptions?: ReadonlyMap<string, string>
}

/** Signs OpenSSH certificates with an Ed25519 key. */
export interface CertificateAuthority {
  /** The authority's public key, as a blob. */
  readonly blob: Buffer
  /** `ssh-ed25519 AAAA…`, for `TrustedUserCAKeys` and `@cert-authority`. */
  readonly publicKeyLine: string
  readonly signUser: (request: UserCertificateRequest) => OpenSshCertificate
  readonly signHost: (request: HostCertificateRequest) => OpenSshCertificate
}

/**
 * The authority that signs with `privateKey`. Throws `SshFormatError` if that is not an Ed25519 private key. Signing throws
 * it for a key that cannot be certified, and where there are no principals, since such a certificate is for anybody in the eyes of
 * some servers.
 */
export const certificateAuthority = (privateKey: KeyObject): CertificateAuthority => {
  if (privateKey.type !== "private" || privateKey.asymmetricKeyType !== "ed25519") {
    throw new SshFormatError({ message: "a certificate authority needs an Ed25519 private key" })
  }
  const blob = publicKeyBlob(privateKey)
  const issue = (content: CertificateContent): OpenSshCertificate => {
    if (content.principals.length === 0) throw new SshFormatError({ message: "a certificate needs a principal" })
    const unsigned = encodeUnsigned(content, blob, randomBytes(32))
    const signature = Buffer.concat([sshString("ssh-ed25519"), sshString(sign(null, unsigned, privateKey))])
    return Either.getOrThrow(parseCertificate(Buffer.concat([unsigned, sshString(signature)])))
  }
  return {
    blob,
    publicKeyLine: publicKeyLine(createPublicKey(privateKey)),
    signUser: (request) =>
      issue({ criticalOptions: new Map(), extensions: defaultExtensions, ...request, kind: "user" }),
    signHost: (request) => issue({ ...request, criticalOptions: new Map(), extensions: new Map(), kind: "host" }),
  }
}
