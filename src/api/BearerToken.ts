import { type KeyObject, randomUUID } from "node:crypto"
import { Clock, Effect, Redacted } from "effect"
import { SignJWT } from "jose"

/** A signed, short-lived proof of who calls, for `Authorization: Bearer`. */
export type BearerToken = Redacted.Redacted<string>

/** How long a token lives, in seconds; a verifier accepts none that lives longer. */
export const tokenLifeSeconds = 300

/** No token is longer; an OpenSSH certificate with many principals fits. */
export const maxTokenLength = 16_384

/** `typ` of a token's header (RFC 8725, 3.11): one kind is never taken for the other. */
export const tokenType = { node: "mezite-node+jwt", user: "mezite-user+jwt", hub: "mezite-hub+jwt" } as const

interface Draft {
  readonly header: { readonly typ: string; readonly ocert?: string }
  readonly subject: string
  /** The cluster's name. */
  readonly audience: string
  /** An Ed25519 private key; anything else is a defect. */
  readonly key: KeyObject
}

const mint = Effect.fnUntraced(function* ({ header, subject, audience, key }: Draft): Effect.fn.Return<BearerToken> {
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  const jwt = new SignJWT({})
    .setProtectedHeader({ alg: "EdDSA", ...header })
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + tokenLifeSeconds)
    .setJti(randomUUID())
  return Redacted.make(yield* Effect.promise(() => jwt.sign(key)))
})

/** A node's token, signed by the identity key that it joined with. */
export const mintNodeToken = (options: {
  readonly nodeId: string
  readonly audience: string
  readonly key: KeyObject
}): Effect.Effect<BearerToken> =>
  mint({
    header: { typ: tokenType.node },
    subject: options.nodeId,
    audience: options.audience,
    key: options.key,
  })

/** A hub's token for another hub of its cluster, signed by the key that only these have. */
export const mintHubToken = (options: {
  readonly hubId: string
  readonly audience: string
  readonly key: KeyObject
}): Effect.Effect<BearerToken> =>
  mint({ header: { typ: tokenType.hub }, subject: options.hubId, audience: options.audience, key: options.key })

/** A user's token, signed by the key that the certificate is for; it carries the certificate, so that nothing is looked up. */
export const mintUserToken = (options: {
  readonly user: string
  readonly audience: string
  /** The OpenSSH certificate in base64: the second word of its line. */
  readonly certificate: string
  readonly key: KeyObject
}): Effect.Effect<BearerToken> =>
  mint({
    header: { typ: tokenType.user, ocert: options.certificate },
    subject: options.user,
    audience: options.audience,
    key: options.key,
  })
