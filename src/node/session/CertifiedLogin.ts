import { Clock, Effect, Either } from "effect"
import type { AccessGrant } from "../../domain/AccessGrant.ts"
import { verifyCertificate } from "../../ssh/CertificateVerification.ts"
import type { OpenSshCertificate } from "../../ssh/OpenSshCertificate.ts"
import { AuthRejected } from "../../ssh/SshError.ts"
import type { AuthenticationAttempt } from "../../ssh/SshServer.ts"
import { type LoginAccess, loginAccess } from "./LoginAccess.ts"

/** A user who may use a login of this node, by a certificate that was verified here. */
export interface CertifiedLogin {
  /** The Mezite user: the certificate's key id. */
  readonly user: string
  readonly login: string
  readonly certificate: OpenSshCertificate
  readonly access: LoginAccess
}

/** What a client's certificate is held against. */
export interface LoginRules {
  /** The cluster's user authority, as a blob. */
  readonly authority: Uint8Array
  /** What the hub said of this connection. */
  readonly grant: AccessGrant
}

const checkGrant = ({ username: login, certificate }: AuthenticationAttempt, grant: AccessGrant) => {
  if (certificate.keyId !== grant.user) {
    return new AuthRejected({ message: `the certificate of "${certificate.keyId}" came on ${grant.user}'s connection` })
  }
  return grant.logins.some((granted) => granted === login)
    ? Effect.void
    : new AuthRejected({ message: `the roles of ${grant.user} do not allow the login "${login}" here` })
}

/**
 * Lets a client in where both agree: its certificate, held against the cluster's user authority whatever the hub may have decided
 * before, and the hub's grant, which a certificate that is older than a change of roles knows nothing of.
 */
export const certifiedLogin = Effect.fn("Agent.certifiedLogin")(function* (
  attempt: AuthenticationAttempt,
  { authority, grant }: LoginRules,
) {
  const { username: login, certificate, remoteAddress } = attempt
  const nowMs = yield* Clock.currentTimeMillis
  yield* Either.mapLeft(
    verifyCertificate(certificate, { kind: "user", authorities: [authority], principal: login, nowMs, remoteAddress }),
    ({ message }) => new AuthRejected({ message }),
  )
  yield* checkGrant(attempt, grant)
  return {
    user: certificate.keyId,
    login,
    certificate,
    access: loginAccess(certificate, grant),
  } satisfies CertifiedLogin
})
