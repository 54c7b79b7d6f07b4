import { type KeyObject, randomBytes } from "node:crypto"
import { Clock, Context, Duration, Effect, Either, Layer, Option, Redacted } from "effect"
import { Invalid } from "../../api/ApiError.ts"
import { ed25519FromSsh, ed25519ToSsh } from "../../api/Ed25519Key.ts"
import type { Login, NodeName, SessionId, UserName } from "../../domain/Identifiers.ts"
import { certificateAuthority } from "../../ssh/CertificateAuthority.ts"
import { hubOnlyOption } from "../../ssh/hubOnlyOption.ts"
import { certificateLine, type OpenSshCertificate } from "../../ssh/OpenSshCertificate.ts"
import { parsePublicKeyLine } from "../../ssh/OpenSshKey.ts"
import { certificateSkewSeconds, noLogin } from "./CertificateTimes.ts"
import { ClusterKeys } from "./ClusterKeys.ts"

/** Whom a user certificate is for, and how long. */
export interface UserCertificateOrder {
  readonly user: UserName
  readonly logins: ReadonlyArray<Login>
  readonly publicKey: string
  readonly ttl: Duration.Duration
  /** Unix seconds. No later than who the user is was looked up: what became of the user since must be able to outdate it. */
  readonly issuedAt: number
}

/** For whom the hub itself logs in at a machine without an agent. */
export interface TargetCertificateOrder {
  readonly user: UserName
  readonly login: Login
  /** None: for forwarded ports. */
  readonly session: Option.Option<SessionId>
  readonly publicKey: KeyObject
  readonly portForwarding: boolean
}

/** Which node a host certificate is for. */
export interface HostCertificateOrder {
  readonly name: NodeName
  readonly hostKey: string
}

const hubOnly: ReadonlyMap<string, string> = new Map([[hubOnlyOption, ""]])

const hostCertificateLife = Duration.days(30)

/** It is shown at once; the machine's clock may be as much behind as `certificateSkewSeconds`, and as much ahead as this. */
const targetCertificateLife = Duration.minutes(5)

const longestLine = 8_192

const readKey = (line: string): Either.Either<KeyObject, Invalid> =>
  // A key of 8192 bits fits; what is longer is cut, and then is none.
  Either.mapLeft(
    parsePublicKeyLine(line.slice(0, longestLine)),
    ({ message }) => new Invalid({ message: `this is no public key in OpenSSH's form: ${message}` }),
  )

const readIdentityKey = (line: string): Either.Either<string, Invalid> =>
  Either.fromOption(
    Option.flatMap(ed25519FromSsh(line.slice(0, longestLine)), ed25519ToSsh),
    () => new Invalid({ message: "a node's identity key is an Ed25519 key, `ssh-ed25519 AAAA…`" }),
  )

/** When a certificate begins and ends, in seconds since 1970. */
const validity = (ttl: Duration.Duration, issuedAt?: number) =>
  Effect.map(Clock.currentTimeMillis, (nowMs) => {
    const now = Math.floor(nowMs / 1000)
    return {
      validAfter: BigInt((issuedAt ?? now) - certificateSkewSeconds),
      validBefore: BigInt(now + Math.max(1, Math.floor(Duration.toSeconds(ttl)))),
      serial: randomBytes(8).readBigUInt64BE(),
    }
  })

const make = Effect.gen(function* () {
  const { clusterName, userCa, hostCa } = yield* ClusterKeys
  const users = certificateAuthority(Redacted.value(userCa.privateKey))
  const hosts = certificateAuthority(Redacted.value(hostCa.privateKey))

  const user = Effect.fn("CertificateIssuer.user")(function* (order: UserCertificateOrder) {
    const publicKey = yield* readKey(order.publicKey)
    const times = yield* validity(order.ttl, order.issuedAt)
    const principals = order.logins.length === 0 ? [noLogin] : order.logins
    const certificate = users.signUser({ publicKey, keyId: order.user, principals, criticalOptions: hubOnly, ...times })
    return { certificate: certificateLine(certificate), expiresAtMs: Number(times.validBefore) * 1000 }
  })

  const target = Effect.fn("CertificateIssuer.target")(function* (order: TargetCertificateOrder) {
    const times = yield* validity(targetCertificateLife)
    const permits = ["permit-pty", ...(order.portForwarding ? ["permit-port-forwarding"] : [])]
    const extensions = new Map(permits.map((name) => [name, ""] as const))
    const { publicKey, user, login, session } = order
    const keyId = Option.match(session, { onNone: () => `${user} ports`, onSome: (id) => `${user} session=${id}` })
    return users.signUser({ publicKey, keyId, principals: [login], extensions, ...times })
  })

  const host = Effect.fn("CertificateIssuer.host")(function* ({ name, hostKey }: HostCertificateOrder) {
    const publicKey = yield* readKey(hostKey)
    const times = yield* validity(hostCertificateLife)
    const principals = [name, `${name}.${clusterName}`]
    return certificateLine(hosts.signHost({ publicKey, keyId: name, principals, ...times }))
  })

  const checkKey = (line: string) => Effect.asVoid(readKey(line))

  const checkIdentityKey = (line: string): Effect.Effect<string, Invalid> => readIdentityKey(line)

  return { user, target, host, checkKey, checkIdentityKey }
})

/** Signs certificates with the cluster's authorities. `Invalid`: the key that was shown is none, or of an unknown kind. */
export class CertificateIssuer extends Context.Tag("mezite/auth/CertificateIssuer")<
  CertificateIssuer,
  {
    /** The key id is the user's name, the principals are the logins; all that a plain key may do is permitted, but only through a hub. */
    readonly user: (
      order: UserCertificateOrder,
    ) => Effect.Effect<{ readonly certificate: string; readonly expiresAtMs: number }, Invalid>
    /**
     * The key id names the user and the session that it is made for, if it is for one, and so is no user's; the login is the only
     * principal. Good for 5 minutes, for a terminal, and for ports if they are allowed.
     */
    readonly target: (order: TargetCertificateOrder) => Effect.Effect<OpenSshCertificate>
    /** For the node's name, with and without the cluster's; good for 30 days. */
    readonly host: (order: HostCertificateOrder) => Effect.Effect<string, Invalid>
    readonly checkKey: (line: string) => Effect.Effect<void, Invalid>
    /** The key without its comment, if it is Ed25519. */
    readonly checkIdentityKey: (line: string) => Effect.Effect<string, Invalid>
  }
>() {
  static readonly layer: Layer.Layer<CertificateIssuer, never, ClusterKeys> = Layer.effect(CertificateIssuer, make)
}
