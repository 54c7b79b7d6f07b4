import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer, Option } from "effect"
import { Callers } from "../../auth/access/Callers.ts"
import { grantAccess } from "../../auth/access/GrantAccess.ts"
import { knowsNode } from "../../auth/access/knowsNode.ts"
import { ClusterKeys } from "../../auth/keys/ClusterKeys.ts"
import { Locks } from "../../auth/locks/Locks.ts"
import { labelsOf } from "../../auth/nodes/NodeRecord.ts"
import { Nodes } from "../../auth/nodes/Nodes.ts"
import { OnlineNodes } from "../../auth/nodes/OnlineNodes.ts"
import { lockedMessage } from "../../domain/Lock.ts"
import { Admission } from "../../proxy/Admission.ts"
import { ConnectForbidden, ConnectPolicy, NodeUnknown } from "../../proxy/ConnectPolicy.ts"
import { NodeAuthenticator, NodeRefused } from "../../proxy/NodeAuthenticator.ts"
import { nodeOfTarget } from "../../proxy/NodeOfTarget.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { UserAuthenticator, UserRefused } from "../../proxy/UserAuthenticator.ts"
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

const refused = (message: string, final = false) => new UserRefused({ message, final })

const userAuthenticator = Layer.effect(
  UserAuthenticator,
  Effect.map(Callers, (callers) => {
    const SqlError = (error: SqlError) => Effect.zipRight(logged(error), refused(notNow))
    return {
      bearer: (token) =>
        Effect.catchTags(callers.user(token), { Unauthenticated: ({ message }) => refused(message), SqlError }),
      certificate: ({ blob }) =>
        Effect.catchTags(callers.certificate(blob), {
          InvalidToken: ({ message, reason }) => refused(message, reason === "locked"),
          SqlError,
        }),
    }
  }),
)

/** A user reaches the nodes on which the user's roles allow a login; of others it is not even told that they exist. */
const connectPolicy = Layer.effect(
  ConnectPolicy,
  Effect.gen(function* () {
    const { clusterName } = yield* ClusterKeys
    const admission = yield* Admission
    const [nodes, locks] = [yield* Nodes, yield* Locks]
    const orNotNow = <A>(answer: Effect.Effect<A, SqlError>) =>
      Effect.catchAll(answer, (error) => Effect.zipRight(logged(error), new NodeUnknown({ message: notNow })))
    return {
      resolve: Effect.fn("ConnectPolicy.resolve")(function* (user, target) {
        yield* admission.check
        const unknown = new NodeUnknown({ message: `there is no node "${target.slice(0, 128)}" in this cluster` })
        const name = nodeOfTarget(target, clusterName)
        if (Option.isNone(name)) return yield* unknown
        const found = yield* orNotNow(nodes.named(name.value))
        if (Option.isNone(found)) return yield* unknown
        const grant = grantAccess(user, labelsOf(found.value))
        if (grant.logins.length === 0 && !knowsNode(user, labelsOf(found.value))) return yield* unknown
        const lock = yield* orNotNow(locks.on({ node: name.value }))
        if (Option.isSome(lock)) return yield* new ConnectForbidden({ message: lockedMessage(lock.value) })
        if (grant.logins.length > 0) return { node: name.value, grant }
        return yield* new ConnectForbidden({ message: `your roles give you no login on ${name.value}` })
      }),
    }
  }),
)

/** What auth needs of the proxy. */
export const onlineNodes = Layer.effect(
  OnlineNodes,
  Effect.map(Tunnels, ({ online }) => ({ online })),
)

export const proxyPorts = Layer.mergeAll(nodeAuthenticator, userAuthenticator, connectPolicy, refusalLog)
