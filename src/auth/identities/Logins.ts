import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Duration, Effect, Layer, Option, Redacted } from "effect"
import { Invalid, NotFound, Unauthenticated, type Unavailable } from "../../api/ApiError.ts"
import { type Credentials, type LoginAnswer, WrongCode } from "../../api/PublicRpcs.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import type { UserName } from "../../domain/Identifiers.ts"
import { lockedMessage } from "../../domain/Lock.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { CertificateIssuer } from "../keys/CertificateIssuer.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { Locks } from "../locks/Locks.ts"
import { Settings } from "../settings/Settings.ts"
import { CredentialIssuer, withinTerms } from "./CredentialIssuer.ts"
import { enrolment } from "./Enrolment.ts"
import { type FailedLogin, FailedLogins } from "./FailedLogins.ts"
import { LoginThrottle } from "./LoginThrottle.ts"
import { Passwords } from "./Passwords.ts"
import { SecondFactors } from "./SecondFactors.ts"
import type { UserRecord } from "./UserRecord.ts"
import { Users } from "./Users.ts"

/** Somebody who wants to log in. */
export interface LoginAttempt {
  readonly user: string
  /** With it, `password` becomes the user's password. */
  readonly invite: Redacted.Redacted<string> | null
  readonly password: Redacted.Redacted<string>
  /** Of the second factor, where the user's roles ask for it. */
  readonly code: Redacted.Redacted<string> | null
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

// Only who has shown the password reads this.
const wrongCode = new WrongCode({ message: "the code is wrong, or was used before: wait for the next one" })

const longestTtl = Duration.days(366)

const checkAttempt = ({ password, invite }: LoginAttempt): Effect.Effect<void, Invalid> => {
  const length = Redacted.value(password).length
  if (length > 1024) return new Invalid({ message: "a password has 1024 characters at most" })
  return invite !== null && length < 8 ? new Invalid({ message: "a password has at least 8 characters" }) : Effect.void
}

const wait = (why: string) => (waitMs: number) =>
  waitMs === 0 ? Effect.void : new Unauthenticated({ message: `${why}: try again in ${Math.ceil(waitMs / 1000)} s` })

const methodOf = ({ invite }: LoginAttempt) => (invite === null ? "password" : "invite")

const make = Effect.gen(function* () {
  const [users, passwords, throttle] = [yield* Users, yield* Passwords, yield* LoginThrottle]
  const [failedLogins, secondFactors, locks] = [yield* FailedLogins, yield* SecondFactors, yield* Locks]
  const [audit, settings, credentials] = [yield* AuditLog, yield* Settings, yield* CredentialIssuer]
  const [{ checkKey }, { clusterName }] = [yield* CertificateIssuer, yield* ClusterKeys]

  const proves = ({ user, invite, password }: LoginAttempt, found: Option.Option<UserRecord>) =>
    invite === null
      ? passwords.verify(
          password,
          Option.flatMapNullable(found, (record) => record.password),
        )
      : Effect.flatMap(passwords.hash(password), (hash) => users.redeem(user, invite, hash))

  const failed = (attempt: LoginAttempt, method: FailedLogin["method"], error: Unauthenticated | WrongCode) =>
    Effect.zipRight(failedLogins.report({ ...attempt, method, reason: error.message }), Effect.fail(error))

  /** Only who has proven who it is learns that it is locked, and why. */
  const checkLock = (user: UserName) =>
    Effect.flatMap(
      locks.on({ user }),
      Option.match({
        onNone: () => Effect.void,
        onSome: (lock) => new Unauthenticated({ message: lockedMessage(lock) }),
      }),
    )

  /** Whose password or invite it was. Takes as long, and does as much, for a name that is nobody's. */
  const proven = Effect.fnUntraced(function* (attempt: LoginAttempt) {
    yield* Effect.flatMap(throttle.admit(attempt.remoteAddress), wait("too many logins from your address"))
    // Nobody guesses the 256 random bits of an invite.
    if (attempt.invite === null) yield* Effect.flatMap(throttle.begin(attempt), wait("too many failed logins"))
    const asOfMs = yield* Clock.currentTimeMillis
    const user = yield* users.find(attempt.user)
    if (!(yield* proves(attempt, user)) || Option.isNone(user))
      return yield* failed(attempt, methodOf(attempt), refused)
    if (attempt.invite === null) yield* throttle.succeeded(attempt)
    return { user: user.value, asOfMs }
  })

  /** What else the user has to show; none where the code was right. */
  const codeOf = Effect.fnUntraced(function* (attempt: LoginAttempt, { name }: UserRecord) {
    if (attempt.code !== null) {
      const verdict = yield* secondFactors.check(name, Redacted.value(attempt.code))
      if (verdict._tag === "Blocked") yield* wait("too many wrong codes")(verdict.waitMs)
      return verdict._tag === "Right" ? Option.none<LoginAnswer>() : yield* failed(attempt, "code", wrongCode)
    }
    if (yield* secondFactors.isEnrolled(name)) return Option.some<LoginAnswer>({ _tag: "CodeNeeded" })
    const secret = yield* secondFactors.propose(name)
    return Option.some<LoginAnswer>({ _tag: "EnrolmentNeeded", ...enrolment(secret, name, clusterName) })
  })

  const login = Effect.fn("Logins.login")(function* (given: LoginAttempt) {
    yield* checkAttempt(given)
    // No name is longer than 64: one that was cut at 65 is nobody's, and takes no room where attempts are remembered.
    const attempt = { ...given, user: given.user.slice(0, 65) }
    // Before the invite is used up: a key that can't be certified must not cost it.
    yield* checkKey(attempt.publicKey)
    const { user, asOfMs } = yield* proven(attempt)
    const terms = yield* credentials.termsOf(user)
    const more = terms.secondFactor ? yield* codeOf(attempt, user) : Option.none<LoginAnswer>()
    if (Option.isSome(more)) return more.value
    yield* Effect.tapErrorTag(checkLock(user.name), "Unauthenticated", (locked) =>
      failed(attempt, methodOf(attempt), locked),
    )
    const ttl = withinTerms(yield* settings.userCertificateTtl, terms)
    const issued = yield* credentials.issue({ user, asOfMs, terms, publicKey: attempt.publicKey, ttl })
    const detail = { method: methodOf(attempt), second_factor: terms.secondFactor, expires_at: issued.expires_at }
    const { remoteAddress: remote_address } = attempt
    yield* audit.append(auditEvent("user.login", { user: user.name, remote_address, detail }))
    return { _tag: "LoggedIn", credentials: issued } satisfies LoginAnswer
  })

  const sign = Effect.fn("Logins.sign")(function* ({ user, ttl, publicKey, by, remoteAddress }: SignRequest) {
    if (!Duration.between(ttl, { minimum: "1 second", maximum: longestTtl })) {
      return yield* new Invalid({ message: "an identity file is good for 1s at least and 366d at most" })
    }
    yield* checkKey(publicKey)
    const asOfMs = yield* Clock.currentTimeMillis
    const found = yield* users.find(user)
    if (Option.isNone(found)) return yield* new NotFound({ message: `there is no user ${user}` })
    yield* checkLock(user)
    const terms = yield* credentials.termsOf(found.value)
    if (Duration.lessThan(withinTerms(ttl, terms), ttl)) {
      const most = Duration.format(withinTerms(ttl, terms))
      return yield* new Invalid({ message: `the roles of ${user} allow an identity file ${most} at most` })
    }
    const given = yield* credentials.issue({ user: found.value, asOfMs, terms, publicKey, ttl })
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
     * By password, or by invite, and a code where the user's roles ask for it. Neither the error nor the time that it takes tells
     * whether there is such a user. Repeated failures make a name wait at the address that they come from, and an address that
     * tries too often.
     */
    readonly login: (
      attempt: LoginAttempt,
    ) => Effect.Effect<LoginAnswer, Unauthenticated | WrongCode | Invalid | Unavailable | SqlError>
    /** Without a password, for machines: by an admin. */
    readonly sign: (request: SignRequest) => Effect.Effect<Credentials, NotFound | Unauthenticated | Invalid | SqlError>
  }
>() {
  static readonly layer = Layer.effect(Logins, make)
}
