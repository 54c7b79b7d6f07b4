import { Either } from "effect"
import type { AuthContext, PublicKeyAuthContext } from "ssh2"
import { verifyAuthSignature } from "../AuthSignature.ts"
import { certificateType, isCertificateType, type OpenSshCertificate, parseCertificate } from "../OpenSshCertificate.ts"

/** Requests of one connection: questions whether a key would do count too. Only grace time bounds OpenSSH here. */
const maxRequests = 64
const maxFailures = 6
const maxUsernameLength = 255
const methodsLeft: ["publickey"] = ["publickey"]

/** Whose certificate it is, once the key's signature over the exchange was verified. */
export interface ProvenCertificate {
  readonly username: string
  readonly certificate: OpenSshCertificate
}

/** What becomes of a request to authenticate. */
export interface AuthenticationHost {
  /** Decides on a proven certificate; calls back once. */
  readonly decide: (proven: ProvenCertificate, done: (accepted: boolean) => void) => void
  /** Too many attempts; the connection is to be dropped. */
  readonly giveUp: () => void
}

const rsaAlgorithms = new Set(["rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com"])

const algorithmFits = (algorithm: string, { keyType }: OpenSshCertificate): boolean =>
  keyType === "ssh-rsa" ? rsaAlgorithms.has(algorithm) : algorithm === certificateType(keyType)

/**
 * ssh2's `authentication` events: certificates only. Plain keys and other methods are refused with `publickey` left;
 * OpenSSH tries them first, so they are not counted as failures, of which six end the connection.
 */
export const authentication = (host: AuthenticationHost): ((context: AuthContext) => void) => {
  let requests = 0
  let failures = 0
  const fail = (context: AuthContext): void => {
    failures += 1
    if (failures >= maxFailures) host.giveUp()
    else context.reject(methodsLeft)
  }
  return (context) => {
    requests += 1
    if (requests > maxRequests || context.username.length > maxUsernameLength) return host.giveUp()
    if (context.method !== "publickey" || !isCertificateType(context.key.algo)) return context.reject(methodsLeft)
    const certificate = Either.getOrUndefined(parseCertificate(context.key.data))
    if (certificate === undefined || !algorithmFits(context.key.algo, certificate)) return fail(context)
    if (context.signature === undefined) return context.accept()
    if (!signatureProves(context, certificate)) return fail(context)
    host.decide({ username: context.username, certificate }, (accepted) => {
      if (accepted) context.accept()
      else fail(context)
    })
  }
}

/** For a certificate's algorithm, ssh2 leaves the signature in its wrapping. */
const signatureProves = ({ blob, signature }: PublicKeyAuthContext, certificate: OpenSshCertificate): boolean =>
  blob !== undefined && signature !== undefined && verifyAuthSignature(certificate, blob, signature)
