import type { KeyObject } from "node:crypto"
import { Clock, Effect, Option, Redacted, Schema } from "effect"
import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from "jose"
import { type BearerToken, maxTokenLength, tokenLifeSeconds, tokenType } from "./BearerToken.ts"
import { InvalidToken } from "./InvalidToken.ts"

/** How far the clocks of signer and verifier may be apart, in seconds. */
const skewSeconds = 60

const Header = Schema.Struct({
  alg: Schema.Literal("EdDSA"),
  typ: Schema.Literal(tokenType.node, tokenType.user, tokenType.hub),
  ocert: Schema.optional(Schema.NonEmptyString),
})

/** Both are looked for in the database before the signature is believed, or kept there: PostgreSQL takes no NUL. */
const shortText = (most: number) => Schema.String.pipe(Schema.pattern(/^\P{Cc}+$/u), Schema.maxLength(most))

const Claims = Schema.Struct({
  sub: shortText(256),
  aud: Schema.String,
  iat: Schema.Int,
  exp: Schema.Int,
  jti: shortText(128),
})

/** What a verified token says. */
export interface VerifiedToken<A> {
  /** A node's id, a user's name, or a hub's id. */
  readonly subject: string
  /** Its `jti`: no two tokens of a subject have the same. */
  readonly tokenId: string
  /** When nobody takes it any more, however far the clocks are apart: Unix time in milliseconds. */
  readonly expiresAtMs: number
  /** What `resolve` knows of the subject. */
  readonly known: A
}

/** A key that the hub knows, and whose it is. */
export interface KnownKey<A> {
  readonly subject: string
  /** An Ed25519 public key. */
  readonly key: KeyObject
  readonly known: A
}

const refuse = (reason: InvalidToken["reason"], message: string) => new InvalidToken({ reason, message })

/** The token's own words, not yet believed. */
const read = (token: string, typ: string) =>
  Effect.try({
    try: () => {
      if (token.length > maxTokenLength) throw new Error("too long")
      const header = Schema.decodeUnknownSync(Header)(decodeProtectedHeader(token))
      if (header.typ !== typ) throw new Error("of another kind")
      return { header, claims: Schema.decodeUnknownSync(Claims)(decodeJwt(token)) }
    },
    catch: () => refuse("malformed", "this is no token of the kind that is needed here"),
  })

const checkTimes = ({ iat, exp }: typeof Claims.Type, now: number) => {
  if (exp - iat > tokenLifeSeconds || exp <= iat) {
    return Option.some(refuse("long-lived", `a token lives ${tokenLifeSeconds} s at most`))
  }
  if (iat > now + skewSeconds) {
    return Option.some(
      refuse("premature", "the token was signed in the future; check the clock of the machine it is from"),
    )
  }
  return exp + skewSeconds <= now
    ? Option.some(refuse("expired", "the token has expired; check the clock of the machine it is from"))
    : Option.none()
}

const verifySignature = (token: string, key: KeyObject) =>
  key.asymmetricKeyType === "ed25519"
    ? Effect.tryPromise({
        try: () => compactVerify(token, key, { algorithms: ["EdDSA"] }),
        catch: (cause) =>
          cause instanceof errors.JWSSignatureVerificationFailed
            ? refuse("signature", "the token was signed with another key than the one that is known")
            : refuse("malformed", "the token cannot be read"),
      })
    : Effect.fail(refuse("signature", "the key that is known is no Ed25519 key"))

interface Check<A, E, R> {
  readonly token: BearerToken
  readonly typ: string
  /** The cluster's name. */
  readonly audience: string
  readonly find: (subject: string, certificate: string | undefined) => Effect.Effect<KnownKey<A>, E, R>
}

const verify = Effect.fn("Api.verifyToken")(function* <A, E, R>({
  token,
  typ,
  audience,
  find,
}: Check<A, E, R>): Effect.fn.Return<VerifiedToken<A>, InvalidToken | E, R> {
  const text = Redacted.value(token)
  const { header, claims } = yield* read(text, typ)
  if (claims.aud !== audience) return yield* refuse("audience", "the token is for another cluster")
  const untimely = checkTimes(claims, (yield* Clock.currentTimeMillis) / 1000)
  if (Option.isSome(untimely)) return yield* untimely.value
  const { key, subject, known } = yield* find(claims.sub, header.ocert)
  yield* verifySignature(text, key)
  if (subject !== claims.sub) return yield* refuse("unknown", "the token names another user than its certificate")
  return { subject, tokenId: claims.jti, expiresAtMs: (claims.exp + skewSeconds) * 1000, known }
})

/** Verifies a node's token with the identity key that `resolve` finds by the node's id; `resolve` fails where there is none. */
export const verifyNodeToken = <A, E, R>(options: {
  readonly token: BearerToken
  readonly audience: string
  readonly resolve: (nodeId: string) => Effect.Effect<KnownKey<A>, E, R>
}): Effect.Effect<VerifiedToken<A>, InvalidToken | E, R> =>
  verify({ ...options, typ: tokenType.node, find: options.resolve })

/** Verifies a hub's token with the key that the cluster's hubs share. */
export const verifyHubToken = <A, E, R>(options: {
  readonly token: BearerToken
  readonly audience: string
  readonly resolve: (hubId: string) => Effect.Effect<KnownKey<A>, E, R>
}): Effect.Effect<VerifiedToken<A>, InvalidToken | E, R> =>
  verify({ ...options, typ: tokenType.hub, find: options.resolve })

/**
 * Verifies a user's token with the key in its certificate. `resolve` must verify that certificate (base64): its
 * authority's signature, its validity, its locks; the subject that it gives is the certificate's key id.
 */
export const verifyUserToken = <A, E, R>(options: {
  readonly token: BearerToken
  readonly audience: string
  readonly resolve: (certificate: string) => Effect.Effect<KnownKey<A>, E, R>
}): Effect.Effect<VerifiedToken<A>, InvalidToken | E, R> =>
  verify({
    ...options,
    typ: tokenType.user,
    find: (_subject, certificate): Effect.Effect<KnownKey<A>, InvalidToken | E, R> =>
      certificate === undefined
        ? Effect.fail(refuse("malformed", "the token carries no certificate"))
        : options.resolve(certificate),
  })
