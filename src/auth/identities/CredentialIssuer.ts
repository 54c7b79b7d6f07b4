import type { SqlError } from "@effect/sql/SqlError"
import { Context, Duration, Effect, Layer, Option } from "effect"
import { Invalid } from "../../api/ApiError.ts"
import type { Credentials } from "../../api/PublicRpcs.ts"
import { mostGrantedLogins } from "../../domain/AccessGrant.ts"
import { type LoginTerms, loginTerms } from "../access/LoginTerms.ts"
import { CertificateIssuer } from "../keys/CertificateIssuer.ts"
import { ClusterDescription } from "../keys/ClusterDescription.ts"
import { Roles } from "../roles/Roles.ts"
import type { UserRecord } from "./UserRecord.ts"

const tooManyLogins = new Invalid({
  message: `your roles allow more than ${mostGrantedLogins} logins, which no certificate can hold: an admin must shorten them`,
})

/** What credentials are made of. */
export interface CredentialOrder {
  /** As it was before anything was proven. */
  readonly user: UserRecord
  /** When it was so, at the latest, in Unix milliseconds. */
  readonly asOfMs: number
  readonly terms: LoginTerms
  readonly publicKey: string
  readonly ttl: Duration.Duration
}

/** That long, or as long as the roles allow. */
export const withinTerms = (ttl: Duration.Duration, { certificateTtl }: LoginTerms): Duration.Duration =>
  Duration.min(
    ttl,
    Option.getOrElse(certificateTtl, () => ttl),
  )

/**
 * Certificates know seconds. One is of the second after that in which the user was added or reset, at the earliest, and never of
 * a later one than that in which the user was looked up: so a reset in the same second, or in the midst of a login, outdates it.
 */
const issuedAt = ({ user, asOfMs }: CredentialOrder): number =>
  Math.max(Math.floor(asOfMs / 1000), Math.floor(user.credentialsSinceMs / 1000) + 1)

const make = Effect.gen(function* () {
  const [issuer, description, roles] = [yield* CertificateIssuer, yield* ClusterDescription, yield* Roles]

  const termsOf = Effect.fn("CredentialIssuer.termsOf")(function* (user: UserRecord) {
    return loginTerms(yield* roles.all(user.roles), user.logins)
  })

  const issue = Effect.fn("CredentialIssuer.issue")(function* (order: CredentialOrder) {
    const { user, terms, publicKey, ttl } = order
    const { logins } = terms
    if (logins.length > mostGrantedLogins) return yield* tooManyLogins
    const issued = yield* issuer.user({ user: user.name, logins, publicKey, ttl, issuedAt: issuedAt(order) })
    return {
      user: user.name,
      certificate: issued.certificate,
      expires_at: new Date(issued.expiresAtMs).toISOString(),
      roles: user.roles,
      logins,
      cluster: yield* description.info,
    }
  })

  return { termsOf, issue }
})

/** Makes what a user logs in for, on the terms of the user's roles. Whether the user may have it is for its caller to know. */
export class CredentialIssuer extends Context.Tag("mezite/auth/CredentialIssuer")<
  CredentialIssuer,
  {
    readonly termsOf: (user: UserRecord) => Effect.Effect<LoginTerms, SqlError>
    readonly issue: (order: CredentialOrder) => Effect.Effect<Credentials, Invalid>
  }
>() {
  static readonly layer: Layer.Layer<CredentialIssuer, never, CertificateIssuer | ClusterDescription | Roles> =
    Layer.effect(CredentialIssuer, make)
}
