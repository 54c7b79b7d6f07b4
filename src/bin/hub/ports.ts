import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Effect, Either, Layer, Option } from "effect"
import { Identity } from "../../api/Identity.ts"
import { Callers } from "../../auth/access/Callers.ts"
import { grantAccess } from "../../auth/access/GrantAccess.ts"
import { Users } from "../../auth/identities/Users.ts"
import { ClusterKeys } from "../../auth/keys/ClusterKeys.ts"
import { UserAuthority } from "../../auth/keys/UserAuthority.ts"
import { Nodes } from "../../auth/nodes/Nodes.ts"
import { OnlineNodes } from "../../auth/nodes/OnlineNodes.ts"
import { ConnectPolicy, NodeUnknown } from "../../proxy/ConnectPolicy.ts"
import { NodeAuthenticator, NodeRefused } from "../../proxy/NodeAuthenticator.ts"
import { nodesOfTarget } from "../../proxy/NodesOfTarget.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { UserAuthenticator, type UserIdentity, UserRefused } from "../../proxy/UserAuthenticator.ts"
import { refusalLog } from "./refusalLog.ts"

const notNow = "the hub's database does not answer; try again"

const logged = (error: SqlError) => Effect.logError("the database failed", error)

/** What auth offers to the proxy. */
const nodeAuthenticator = Layer.effect(
  NodeAuthenticator,
  Effect.map(Callers, (callers) => ({
    authenticate: (token) =>
      Effect.catchTags(callers.verifiedNode(token), {
        // A token may be expired because a clock is wrong; a node that was removed stays so.
        InvalidToken: ({ message, reason }) => new NodeRefused({ message, permanent: reason === "unknown" }),
        SqlError: (error) => Effect.zipRight(logged(error), new NodeRefused({ message: notNow, permanent: false })),
      }),
  })),
)

const refused = (message: string) => new UserRefused({ message })

const userAuthenticator = Layer.effect(
  UserAuthenticator,
  Effect.gen(function* () {
    const callers = yield* Callers
    const users = yield* Users
    const authority = yield* UserAuthority
    const orNotNow = (error: SqlError) => Effect.zipRight(logged(error), refused(notNow))
    return {
      bearer: (token) =>
        Effect.catchTags(callers.user(token), {
          Unauthenticated: ({ message }) => refused(message),
          SqlError: orNotNow,
        }),
      certificate: Effect.fn("UserAuthenticator.certificate")(function* (certificate) {
        const nowMs = yield* Clock.currentTimeMillis
        const certified = yield* Either.mapLeft(authority.verifyCertificate(certificate.blob, nowMs), ({ message }) =>
          refused(message),
        )
        const user = yield* Effect.catchTag(users.find(certified.user), "SqlError", orNotNow)
        // A certificate of somebody who had the name before, and was removed, is not this user's. Certificates know seconds.
        if (Option.isNone(user) || certified.issuedAtMs < Math.floor(user.value.createdMs / 1000) * 1000) {
          return yield* refused(`there is no user ${certified.user} any more`)
        }
        const { name, roles, logins } = user.value
        return Identity.User({ user: name, roles, logins }) as UserIdentity
      }),
    }
  }),
)

/** Every user may reach every node, with the grant that the node goes by. */
const connectPolicy = Layer.effect(
  ConnectPolicy,
  Effect.gen(function* () {
    const { clusterName } = yield* ClusterKeys
    const nodes = yield* Nodes
    return {
      resolve: Effect.fn("ConnectPolicy.resolve")(function* (user, target) {
        for (const name of nodesOfTarget(target, clusterName)) {
          const found = yield* Effect.catchTag(nodes.named(name), "SqlError", (error) =>
            Effect.zipRight(logged(error), new NodeUnknown({ message: notNow })),
          )
          if (Option.isSome(found)) return { node: name, grant: grantAccess(user) }
        }
        return yield* new NodeUnknown({ message: `there is no node "${target.slice(0, 128)}" in this cluster` })
      }),
    }
  }),
)

/** What auth needs of the proxy. */
export const onlineNodes = Layer.effect(
  OnlineNodes,
  Effect.map(Tunnels, ({ online, disconnect }) => ({ online, disconnect })),
)

export const proxyPorts = Layer.mergeAll(nodeAuthenticator, userAuthenticator, connectPolicy, refusalLog)
