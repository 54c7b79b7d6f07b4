import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Layer, Option } from "effect"
import type { InvalidToken } from "../../api/InvalidToken.ts"
import { Callers } from "../../auth/access/Callers.ts"
import { grantAccess } from "../../auth/access/GrantAccess.ts"
import { knowsNode } from "../../auth/access/knowsNode.ts"
import type { LockedOut } from "../../auth/access/LockedOut.ts"
import { CertificateIssuer } from "../../auth/keys/CertificateIssuer.ts"
import { ClusterKeys } from "../../auth/keys/ClusterKeys.ts"
import { Locks } from "../../auth/locks/Locks.ts"
import { labelsOf } from "../../auth/nodes/NodeRecord.ts"
import { Nodes } from "../../auth/nodes/Nodes.ts"
import { OnlineNodes } from "../../auth/nodes/OnlineNodes.ts"
import { type OpensshNode, OpensshNodes } from "../../auth/nodes/OpensshNodes.ts"
import type { AccessGrant } from "../../domain/AccessGrant.ts"
import { lockedMessage } from "../../domain/Lock.ts"
import { Admission } from "../../proxy/Admission.ts"
import { AgentlessNodes, NodesUnavailable } from "../../proxy/agentless/AgentlessNodes.ts"
import { TargetReach } from "../../proxy/agentless/TargetReach.ts"
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
        LockedOut: ({ message }) => new NodeRefused({ message, permanent: false }),
        SqlError: (error) => Effect.zipRight(logged(error), new NodeRefused({ message: notNow, permanent: false })),
      }),
  })),
)

const userAuthenticator = Layer.effect(
  UserAuthenticator,
  Effect.map(Callers, (callers) => {
    const orRefused = <A>(known: Effect.Effect<A, InvalidToken | LockedOut | SqlError>) =>
      Effect.catchTags(known, {
        InvalidToken: ({ message }) => new UserRefused({ message }),
        LockedOut: ({ message, user }) => new UserRefused({ message, locked: user }),
        SqlError: (error) => Effect.zipRight(logged(error), new UserRefused({ message: notNow })),
      })
    return {
      bearer: (token) => orRefused(callers.user(token)),
      certificate: ({ blob }) => orRefused(callers.certificate(blob)),
    }
  }),
)

/** A machine without an agent is used by its own logins, and has no use for the user's authentication agent. */
const narrowed =
  (grant: AccessGrant) =>
  ({ logins }: OpensshNode): AccessGrant => ({
    ...grant,
    logins: grant.logins.filter((login) => logins.includes(login)),
    agentForwarding: false,
  })

/** A user reaches the nodes on which the user's roles allow a login; of others it is not even told that they exist. */
const connectPolicy = Layer.effect(
  ConnectPolicy,
  Effect.gen(function* () {
    const { clusterName } = yield* ClusterKeys
    const admission = yield* Admission
    const [nodes, locks] = [yield* Nodes, yield* Locks]
    const opensshNodes = yield* OpensshNodes
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
        const openssh = yield* orNotNow(opensshNodes.find(found.value.id))
        const granted = grantAccess(user, labelsOf(found.value))
        const grant = Option.match(openssh, { onNone: () => granted, onSome: narrowed(granted) })
        if (grant.logins.length === 0 && !knowsNode(user, labelsOf(found.value))) return yield* unknown
        const lock = yield* orNotNow(locks.on({ node: name.value }))
        if (Option.isSome(lock)) return yield* new ConnectForbidden({ message: lockedMessage(lock.value) })
        if (grant.logins.length > 0) return { node: name.value, grant, agentless: Option.map(openssh, ({ id }) => id) }
        return yield* new ConnectForbidden({ message: `your roles give you no login on ${name.value}` })
      }),
    }
  }),
)

/** What auth tells of nodes without an agent, and signs for them. */
export const agentlessNodes = Layer.effect(
  AgentlessNodes,
  Effect.gen(function* () {
    const [nodes, issuer] = [yield* OpensshNodes, yield* CertificateIssuer]
    const { clusterName } = yield* ClusterKeys
    const orNotNow = <A>(answer: Effect.Effect<A, SqlError>) =>
      Effect.catchAll(answer, (error) => Effect.zipRight(logged(error), new NodesUnavailable({ message: notNow })))
    return {
      cluster: clusterName,
      ids: orNotNow(nodes.ids),
      find: (id) =>
        Effect.map(
          orNotNow(nodes.find(id)),
          Option.map(({ address, targetKey: hostKey, ...node }) => ({
            ...node,
            target: { name: node.name, address, hostKey },
          })),
        ),
      certify: issuer.target,
    }
  }),
)

/** What auth needs of the proxy. */
export const onlineNodes = Layer.effect(
  OnlineNodes,
  Effect.gen(function* () {
    const [tunnels, reach] = [yield* Tunnels, yield* TargetReach]
    return {
      online: Effect.zipWith(tunnels.online, reach.online, (agents, targets) => new Set([...agents, ...targets])),
    }
  }),
)

export const proxyPorts = Layer.mergeAll(nodeAuthenticator, userAuthenticator, connectPolicy, refusalLog)
