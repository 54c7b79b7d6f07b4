import { Clock, Effect, Either } from "effect"
import { verifyCertificate } from "../../ssh/CertificateVerification.ts"
import type { OpenSshCertificate } from "../../ssh/OpenSshCertificate.ts"
import { AuthRejected } from "../../ssh/SshError.ts"
import type { AuthenticationAttempt } from "../../ssh/SshServer.ts"

/** A user who may use a login of this node, by a certificate that was verified here. */
export interface CertifiedLogin {
  /** The Mezite user: the certificate's key id. */
  readonly user: string
  readonly login: string
  readonly certificate: OpenSshCertificate
}

/** Holds a client's certificate against the cluster's user authority, whatever the hub may have decided before. */
export const certifiedLogin = Effect.fn("Agent.certifiedLogin")(function* (
  attempt: AuthenticationAttempt,
  authority: Uint8Array,
) {
  const { username: login, certificate, remoteAddress } = attempt
  const nowMs = yield* Clock.currentTimeMillis
  yield* Either.mapLeft(
    verifyCertificate(certificate, { kind: "user", authorities: [authority], principal: login, nowMs, remoteAddress }),
    ({ message }) => new AuthRejected({ message }),
  )
  return { user: certificate.keyId, login, certificate } satisfies CertifiedLogin
})
