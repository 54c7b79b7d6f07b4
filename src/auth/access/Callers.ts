import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Option } from "effect"
import { Unauthenticated } from "../../api/ApiError.ts"
import type { BearerToken } from "../../api/BearerToken.ts"
import { ed25519FromSsh } from "../../api/Ed25519Key.ts"
import { Identity } from "../../api/Identity.ts"
import { InvalidToken } from "../../api/InvalidToken.ts"
import { verifyNodeToken, verifyUserToken } from "../../api/VerifyToken.ts"
import { Users } from "../identities/Users.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { UserAuthority } from "../keys/UserAuthority.ts"
import { Nodes } from "../nodes/Nodes.ts"
import { Roles } from "../roles/Roles.ts"

/** A caller that is a node. */
export type NodeIdentity = Extract<Identity, { readonly _tag: "Node" }>
/** A caller that is a user. */
export type UserIdentity = Extract<Identity, { readonly _tag: "User" }>

const unknown = (message: string) => new InvalidToken({ reason: "unknown", message })

const refuse = (error: InvalidToken) => Effect.fail(new Unauthenticated({ message: error.message }))

const make = Effect.gen(function* () {
  const { clusterName: audience } = yield* ClusterKeys
  const [users, nodes, authority, roles] = [yield* Users, yield* Nodes, yield* UserAuthority, yield* Roles]

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
    // One of before a reset, or of somebody who had the name before, is worth nothing. Certificates know seconds.
    if (Option.isNone(user) || shown.issuedAtMs < Math.floor(user.value.credentialsSinceMs / 1000) * 1000) {
      return yield* unknown("the hub doesn't know this user any more: log in again")
    }
    const { name, logins, createdMs } = user.value
    const known = Identity.User({ user: name, roles: yield* roles.all(user.value.roles), logins, createdMs })
    return { subject: name, key: shown.publicKey, known: known as UserIdentity }
  })

  const userKey = (certificate: string) => certified(Buffer.from(certificate, "base64"))

  const nodeToken = (token: BearerToken) => verifyNodeToken({ token, audience, resolve: nodeKey })

  const userToken = (token: BearerToken) => verifyUserToken({ token, audience, resolve: userKey })

  const verifiedNode = Effect.fn("Callers.verifiedNode")(function* (token: BearerToken) {
    const { known } = yield* nodeToken(token)
    return known as NodeIdentity
  })

  const node = (token: BearerToken) => Effect.catchTag(verifiedNode(token), "InvalidToken", refuse)

  const user = Effect.fn("Callers.user")(function* (token: BearerToken) {
    const { known } = yield* Effect.catchTag(userToken(token), "InvalidToken", refuse)
    return known as UserIdentity
  })

  const caller = Effect.fn("Callers.caller")(function* (token: BearerToken) {
    const verified = yield* nodeToken(token).pipe(
      // "malformed" is what a token of the other kind is.
      Effect.catchIf(
        (error) => error._tag === "InvalidToken" && error.reason === "malformed",
        () => userToken(token),
      ),
      Effect.catchTag("InvalidToken", refuse),
    )
    return verified.known as Identity
  })

  const certificate = Effect.fn("Callers.certificate")(function* (blob: Uint8Array) {
    const { known } = yield* Effect.catchTag(certified(blob), "InvalidToken", refuse)
    return known
  })

  return { verifiedNode, node, user, certificate, caller }
})

/**
 * Finds out by a bearer token who calls: a node by the identity key that it joined with, a user by a certificate of the cluster's user
 * authority. Whoever was removed since is refused; a user's roles, what they say, and logins are those of now, not of the login.
 */
export class Callers extends Context.Tag("mezite/auth/Callers")<
  Callers,
  {
    /** The same as `node`; an `InvalidToken` of reason `unknown` is that of a node which was removed. */
    readonly verifiedNode: (token: BearerToken) => Effect.Effect<NodeIdentity, InvalidToken | SqlError>
    readonly node: (token: BearerToken) => Effect.Effect<NodeIdentity, Unauthenticated | SqlError>
    readonly user: (token: BearerToken) => Effect.Effect<UserIdentity, Unauthenticated | SqlError>
    /** The user of a certificate (its blob). Whoever shows it must have proved to hold its key. */
    readonly certificate: (blob: Uint8Array) => Effect.Effect<UserIdentity, Unauthenticated | SqlError>
    /** Whichever it is. */
    readonly caller: (token: BearerToken) => Effect.Effect<Identity, Unauthenticated | SqlError>
  }
>() {
  static readonly layer: Layer.Layer<Callers, never, ClusterKeys | Users | Roles | Nodes | UserAuthority> =
    Layer.effect(Callers, make)
}
