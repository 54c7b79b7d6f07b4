import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { Unauthenticated } from "../../api/ApiError.ts"
import type { BearerToken } from "../../api/BearerToken.ts"
import { ed25519FromSsh } from "../../api/Ed25519Key.ts"
import { Identity } from "../../api/Identity.ts"
import { InvalidToken } from "../../api/InvalidToken.ts"
import { type VerifiedToken, verifyHubToken, verifyNodeToken, verifyUserToken } from "../../api/VerifyToken.ts"
import { HubId } from "../../domain/Identifiers.ts"
import { lockedMessage, type Whereabouts } from "../../domain/Lock.ts"
import { Users } from "../identities/Users.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { UserAuthority } from "../keys/UserAuthority.ts"
import { Locks } from "../locks/Locks.ts"
import { Nodes } from "../nodes/Nodes.ts"
import { Roles } from "../roles/Roles.ts"
import { LockedOut } from "./LockedOut.ts"
import { UsedTokens } from "./UsedTokens.ts"

/** A caller that is a node. */
export type NodeIdentity = Extract<Identity, { readonly _tag: "Node" }>
/** A caller that is a user. */
export type UserIdentity = Extract<Identity, { readonly _tag: "User" }>

const unknown = (message: string) => new InvalidToken({ reason: "unknown", message })

const replayed = new InvalidToken({
  reason: "replayed",
  message: "the token was used before: each is good for one call",
})

const refuse = ({ message }: InvalidToken | LockedOut) => Effect.fail(new Unauthenticated({ message }))

const refused = { InvalidToken: refuse, LockedOut: refuse }

const whereabouts = (identity: Identity): Whereabouts =>
  identity._tag === "User" ? { user: identity.user } : identity._tag === "Node" ? { node: identity.name } : {}

/** "malformed" is what a token of another kind is. */
const isOtherKind = (error: InvalidToken | SqlError): boolean =>
  error._tag === "InvalidToken" && error.reason === "malformed"

const make = Effect.gen(function* () {
  const { clusterName: audience, hubKey } = yield* ClusterKeys
  const [users, nodes, authority] = [yield* Users, yield* Nodes, yield* UserAuthority]
  const [roles, locks] = [yield* Roles, yield* Locks]

  const nodeKey = Effect.fnUntraced(function* (id: string) {
    const node = yield* nodes.find(id)
    const key = Option.flatMap(node, ({ identity_key }) => ed25519FromSsh(identity_key))
    if (Option.isNone(node) || Option.isNone(key)) {
      return yield* unknown("the hub doesn't know this node: it was removed; join it anew")
    }
    return { subject: id, key: key.value, known: Identity.Node({ id: node.value.id, name: node.value.name }) }
  })

  const certified = Effect.fnUntraced(function* (blob: Uint8Array) {
    const now = yield* Clock.currentTimeMillis
    const shown = yield* Effect.mapError(authority.verifyCertificate(blob, now), ({ message }) => unknown(message))
    const user = yield* users.find(shown.user)
    // One of before a reset, or of somebody who had the name before, is worth nothing: `CredentialIssuer` makes none of the same second.
    if (Option.isNone(user) || shown.issuedAtMs <= user.value.credentialsSinceMs) {
      return yield* unknown("the hub doesn't know this user any more: log in again")
    }
    const { name, logins, createdMs } = user.value
    const known = Identity.User({ user: name, roles: yield* roles.all(user.value.roles), logins, createdMs })
    return { subject: name, key: shown.publicKey, known: known as UserIdentity }
  })

  /** Only who has proven who it is learns that it is locked, and why. */
  const unlocked = <A extends Identity>(identity: A): Effect.Effect<A, LockedOut | SqlError> =>
    Effect.flatMap(
      locks.on(whereabouts(identity)),
      Option.match({
        onNone: () => Effect.succeed(identity),
        onSome: (lock) =>
          new LockedOut({
            user: identity._tag === "User" ? Option.some(identity.user) : Option.none(),
            message: lockedMessage(lock),
          }),
      }),
    )

  const used = yield* UsedTokens

  /** Who reads a token on its way, or in a log, gains nothing by it: it has been used. */
  const once = <A>({ known, ...token }: VerifiedToken<A>) =>
    Effect.flatMap(
      used.use(token),
      (first): Effect.Effect<A, InvalidToken> => (first ? Effect.succeed(known) : replayed),
    )

  const nodeToken = (token: BearerToken) =>
    Effect.flatMap(verifyNodeToken({ token, audience, resolve: nodeKey }), once) as Effect.Effect<
      NodeIdentity,
      InvalidToken | SqlError
    >

  const userToken = (token: BearerToken) =>
    verifyUserToken({
      token,
      audience,
      resolve: (certificate) => certified(Buffer.from(certificate, "base64")),
    }).pipe(Effect.flatMap(once))

  const hubToken = (token: BearerToken) =>
    verifyHubToken({
      token,
      audience,
      resolve: (id) =>
        Option.match(Option.all([Schema.decodeOption(HubId)(id), ed25519FromSsh(hubKey.publicLine)]), {
          onNone: () => unknown("this is no hub of this cluster"),
          onSome: ([hub, key]) => Effect.succeed({ subject: id, key, known: Identity.Hub({ id: hub }) }),
        }),
    }).pipe(Effect.flatMap(once))

  const verifiedNode = Effect.fn("Callers.verifiedNode")((token: BearerToken) =>
    Effect.flatMap(nodeToken(token), unlocked),
  )

  const recorder = Effect.fn("Callers.recorder")((token: BearerToken) =>
    Effect.catchTag(nodeToken(token), "InvalidToken", refuse),
  )

  const user = Effect.fn("Callers.user")((token: BearerToken) => Effect.flatMap(userToken(token), unlocked))

  const certificate = Effect.fn("Callers.certificate")((blob: Uint8Array) =>
    Effect.flatMap(certified(blob), ({ known }) => unlocked(known)),
  )

  const caller = Effect.fn("Callers.caller")((token: BearerToken) =>
    (nodeToken(token) as Effect.Effect<Identity, InvalidToken | SqlError>).pipe(
      Effect.catchIf(isOtherKind, () => userToken(token) as Effect.Effect<Identity, InvalidToken | SqlError>),
      Effect.catchIf(isOtherKind, () => hubToken(token)),
      Effect.flatMap(unlocked),
      Effect.catchTags(refused),
    ),
  )

  /** That caller as of now, with whatever roles it has by now. */
  const asOfNow = Effect.fnUntraced(function* (identity: Identity, sinceMs: number) {
    if (identity._tag !== "User") return identity
    const [shutOut] = yield* users.shutOut(new Map([[identity.user, sinceMs]]))
    if (shutOut !== undefined) return yield* unknown(shutOut.reason)
    const names = Option.map(yield* users.find(identity.user), (user) => user.roles)
    return { ...identity, roles: yield* roles.all(Option.getOrElse(names, () => [])) }
  })

  const watch = Effect.fnUntraced(function* <E>(identity: Identity, check: (now: Identity) => Effect.Effect<void, E>) {
    const sinceMs = yield* Clock.currentTimeMillis
    return yield* asOfNow(identity, sinceMs).pipe(
      Effect.flatMap(unlocked),
      Effect.catchTags(refused),
      Effect.flatMap(check),
      Effect.delay("1 second"),
      Effect.forever,
    )
  })

  return { verifiedNode, recorder, user, certificate, caller, watch }
})

/**
 * Finds out by a bearer token who calls: a node by the identity key that it joined with, a user by a certificate of the cluster's user
 * authority. Whoever was removed since, or is locked, is refused; a user's roles, what they say, and logins are those of now,
 * not of the login. A token is good once.
 */
export class Callers extends Context.Tag("mezite/auth/Callers")<
  Callers,
  {
    /** A node; an `InvalidToken` of reason `unknown` is that of one which was removed. */
    readonly verifiedNode: (token: BearerToken) => Effect.Effect<NodeIdentity, InvalidToken | LockedOut | SqlError>
    /** A node that may be locked: what it has recorded belongs to the hub all the same. */
    readonly recorder: (token: BearerToken) => Effect.Effect<NodeIdentity, Unauthenticated | SqlError>
    readonly user: (token: BearerToken) => Effect.Effect<UserIdentity, InvalidToken | LockedOut | SqlError>
    /** A user by a certificate alone (its blob), of which somebody else has verified who holds the key. */
    readonly certificate: (blob: Uint8Array) => Effect.Effect<UserIdentity, InvalidToken | LockedOut | SqlError>
    /** Whichever it is. */
    readonly caller: (token: BearerToken) => Effect.Effect<Identity, Unauthenticated | SqlError>
    /**
     * For answers that take long: fails within a second or so once a caller is locked or removed, or does not stand the check, which
     * is given the caller with the roles of each moment.
     */
    readonly watch: <E>(
      identity: Identity,
      check: (now: Identity) => Effect.Effect<void, E>,
    ) => Effect.Effect<never, Unauthenticated | E | SqlError>
  }
>() {
  static readonly layer: Layer.Layer<
    Callers,
    never,
    ClusterKeys | Users | Roles | Nodes | UserAuthority | Locks | UsedTokens
  > = Layer.effect(Callers, make)
}
