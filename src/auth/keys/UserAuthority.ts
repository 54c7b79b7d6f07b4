import type { KeyObject } from "node:crypto"
import { Context, Effect, Either, Layer, Option, Redacted, Schema } from "effect"
import { UserName } from "../../domain/Identifiers.ts"
import { verifyCertificate } from "../../ssh/CertificateVerification.ts"
import { parseCertificate } from "../../ssh/OpenSshCertificate.ts"
import { publicKeyBlob } from "../../ssh/OpenSshKey.ts"
import { type CertificateRejected, SshFormatError } from "../../ssh/SshError.ts"
import { issuedAtMs } from "./CertificateTimes.ts"
import { ClusterKeys } from "./ClusterKeys.ts"

/** What a certificate of ours says of its bearer. */
export interface CertifiedUser {
  readonly user: UserName
  /** The logins that it is good for. */
  readonly principals: ReadonlyArray<string>
  readonly publicKey: KeyObject
  /** Unix milliseconds, whole seconds. */
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

const maxBlob = 16_384

const verify = (
  authority: Uint8Array,
  blob: Uint8Array,
  nowMs: number,
): Either.Either<CertifiedUser, CertificateRejected | SshFormatError> =>
  Either.gen(function* () {
    if (blob.length > maxBlob) return yield* Either.left(new SshFormatError({ message: "the certificate is too long" }))
    const certificate = yield* parseCertificate(blob)
    const [principal = ""] = certificate.principals
    yield* verifyCertificate(certificate, { kind: "user", authorities: [authority], principal, nowMs })
    const user = yield* Either.fromOption(
      Option.liftPredicate(certificate.keyId, Schema.is(UserName)),
      () => new SshFormatError({ message: "the certificate's key id is no user name" }),
    )
    return {
      user,
      principals: certificate.principals,
      publicKey: certificate.publicKey,
      issuedAtMs: issuedAtMs(certificate),
      expiresAtMs: Number(certificate.validBefore) * 1000,
    }
  })

/** Tells whose a user certificate is. Whether that user still exists is not asked: see `Callers`. */
export class UserAuthority extends Context.Tag("mezite/auth/UserAuthority")<
  UserAuthority,
  {
    /**
     * Holds the certificate (its blob) against the cluster's user authority: signature, kind, validity at `nowMs` (Unix
     * milliseconds; a session's start for a recording that comes later), critical options.
     */
    readonly verifyCertificate: (
      blob: Uint8Array,
      nowMs: number,
    ) => Either.Either<CertifiedUser, CertificateRejected | SshFormatError>
  }
>() {
  static readonly layer: Layer.Layer<UserAuthority, never, ClusterKeys> = Layer.effect(
    UserAuthority,
    Effect.map(ClusterKeys, ({ userCa }) => {
      const authority = publicKeyBlob(Redacted.value(userCa.privateKey))
      return { verifyCertificate: (blob, nowMs) => verify(authority, blob, nowMs) }
    }),
  )
}
