import type { SqlError } from "@effect/sql/SqlError"
import { Context, Duration, Effect, Layer, Option, Redacted } from "effect"
import { Invalid, NotFound, Unauthenticated, type Unavailable } from "../../api/ApiError.ts"
import type { Credentials } from "../../api/PublicRpcs.ts"
import { mostGrantedLogins } from "../../domain/AccessGrant.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import type { UserName } from "../../domain/Identifiers.ts"
import { type LoginTerms, loginTerms } from "../access/LoginTerms.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { CertificateIssuer } from "../keys/CertificateIssuer.ts"
import { ClusterDescription } from "../keys/ClusterDescription.ts"
import { Roles } from "../roles/Roles.ts"
import { Settings } from "../settings/Settings.ts"
import { FailedLogins } from "./FailedLogins.ts"
import { LoginThrottle } from "./LoginThrottle.ts"
import { Passwords } from "./Passwords.ts"
import type { UserRecord } from "./UserRecord.ts"
import { Users } from "./Users.ts"

/** Somebody who wants to log in. */
export interface LoginAttempt {
  readonly user: string
  /** With it, `password` becomes the user's password. */
  readonly invite: Redacted.Redacted<string> | null
  readonly password: Redacted.Redacted<string>
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string
  readonly remoteAddress: string | null
}

/** An identity file that an admin makes for a user. */
export interface SignRequest {
  readonly user: UserName
  readonly ttl: Duration.Duration
  readonly publicKey: string
  /** Who signs, and from where, for the audit log. */
  readonly by: string
  readonly remoteAddress: string | null
}

// The same words whatever was wrong: whether there is such a user is nobody's business.
const refused = new Unauthenticated({ message: "the user name, the password or the invite is wrong" })

const longestTtl = Duration.days(366)

const checkAttempt = ({ password, invite }: LoginAttempt): Effect.Effect<void, Invalid> => {
  const length = Redacted.value(password).length
  if (length > 1024) return new Invalid({ message: "a password has 1024 characters at most" })
  return invite !== null && length < 8 ? new Invalid({ message: "a password has at least 8 characters" }) : Effect.void
}

const wait = (why: string) => (waitMs: number) =>
  waitMs === 0 ? Effect.void : new Unauthenticated({ message: `${why}: try again in ${Math.ceil(waitMs / 1000)} s` })

const tooManyLogins = new Invalid({
  message: `your roles allow more than ${mostGrantedLogins} logins, which no certificate can hold: an admin must shorten them`,
})

/** That long, or as long as the roles allow. */
const withinTerms = (ttl: Duration.Duration, { certificateTtl }: LoginTerms): Duration.Duration =>
  Duration.min(
    ttl,
    Option.getOrElse(certificateTtl, () => ttl),
  )

const methodOf = ({ invite }: LoginAttempt) => (invite === null ? "password" : "invite")

const make = Effect.gen(function* () {
  const [users, passwords, throttle] = [yield* Users, yield* Passwords, yield* LoginThrottle]
  const [failedLogins, roles] = [yield* FailedLogins, yield* Roles]
  const [audit, settings, issuer] = [yield* AuditLog, yield* Settings, yield* CertificateIssuer]
  const description = yield* ClusterDescription

  const proves = ({ user, invite, password }: LoginAttempt) =>
    invite === null
      ? Effect.flatMap(users.find(user), (found) =>
          passwords.verify(
            password,
            Option.flatMapNullable(found, (record) => record.password),
          ),
        )
      : Effect.flatMap(passwords.hash(password), (hash) => users.redeem(user, invite, hash))

  const termsOf = (user: UserRecord) => Effect.map(roles.all(user.roles), (granted) => loginTerms(granted, user.logins))

  const credentials = Effect.fnUntraced(function* (
    user: UserRecord,
    { logins }: LoginTerms,
    publicKey: string,
    ttl: Duration.Duration,
  ) {
    if (logins.length > mostGrantedLogins) return yield* tooManyLogins
    const issued = yield* issuer.user({ user: user.name, logins, publicKey, ttl })
    return {
      user: user.name,
      certificate: issued.certificate,
      expires_at: new Date(issued.expiresAtMs).toISOString(),
      roles: user.roles,
      logins,
      cluster: yield* description.info,
    }
  })

  const login = Effect.fn("Logins.login")(function* (given: LoginAttempt) {
    yield* checkAttempt(given)
    // No name is longer than 64: one that was cut at 65 is nobody's, and takes no room where attempts are remembered.
    const attempt = { ...given, user: given.user.slice(0, 65) }
    // Before the invite is used up: a key that can't be certified must not cost it.
    yield* issuer.checkKey(attempt.publicKey)
    yield* Effect.flatMap(throttle.admit(attempt.remoteAddress), wait("too many logins from your address"))
    // Nobody guesses the 256 random bits of an invite.
    if (attempt.invite === null) yield* Effect.flatMap(throttle.begin(attempt), wait("too many failed logins"))
    const proven = yield* proves(attempt)
    const user = proven ? yield* users.find(attempt.user) : Option.none<UserRecord>()
    const method = methodOf(attempt)
    if (Option.isNone(user)) return yield* Effect.zipRight(failedLogins.report({ ...attempt, method }), refused)
    if (attempt.invite === null) yield* throttle.succeeded(attempt)
    const terms = yield* termsOf(user.value)
    const ttl = withinTerms(yield* settings.userCertificateTtl, terms)
    const issued = yield* credentials(user.value, terms, attempt.publicKey, ttl)
    const detail = { method, expires_at: issued.expires_at }
    const { remoteAddress: remote_address } = attempt
    yield* audit.append(auditEvent("user.login", { user: user.value.name, remote_address, detail }))
    return issued
  })

  const sign = Effect.fn("Logins.sign")(function* ({ user, ttl, publicKey, by, remoteAddress }: SignRequest) {
    if (!Duration.between(ttl, { minimum: "1 second", maximum: longestTtl })) {
      return yield* new Invalid({ message: "an identity file is good for 1s at least and 366d at most" })
    }
    yield* issuer.checkKey(publicKey)
    const found = yield* users.find(user)
    if (Option.isNone(found)) return yield* new NotFound({ message: `there is no user ${user}` })
    const terms = yield* termsOf(found.value)
    if (Duration.lessThan(withinTerms(ttl, terms), ttl)) {
      const most = Duration.format(withinTerms(ttl, terms))
      return yield* new Invalid({ message: `the roles of ${user} allow an identity file ${most} at most` })
    }
    const given = yield* credentials(found.value, terms, publicKey, ttl)
    const detail = { method: "signed", by, expires_at: given.expires_at }
    yield* audit.append(auditEvent("user.login", { user, remote_address: remoteAddress, detail }))
    return given
  })

  return { login, sign }
})

/** How users become known: each login gives a certificate for the key that was shown, and is audited, as is each failure. */
export class Logins extends Context.Tag("mezite/auth/Logins")<
  Logins,
  {
    /**
     * By password, or by invite. Neither the error nor the time that it takes tells whether there is such a user. Repeated
     * failures make a name wait at the address that they come from, and an address that tries too often.
     */
    readonly login: (
      attempt: LoginAttempt,
    ) => Effect.Effect<Credentials, Unauthenticated | Invalid | Unavailable | SqlError>
    /** Without a password, for machines: by an admin. */
    readonly sign: (request: SignRequest) => Effect.Effect<Credentials, NotFound | Invalid | SqlError>
  }
>() {
  static readonly layer = Layer.effect(Logins, make)
}
