import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { Effect, Layer, Option, Ref, type Scope } from "effect"
import { mintNodeToken, mintUserToken } from "../../src/api/BearerToken.ts"
import type { HubAddress } from "../../src/api/HubAddress.ts"
import { HubTrust } from "../../src/api/HubTrust.ts"
import { Identity } from "../../src/api/Identity.ts"
import { verifyNodeToken, verifyUserToken } from "../../src/api/VerifyToken.ts"
import { NodeId, NodeName, UserName } from "../../src/domain/Identifiers.ts"
import { agentEndpoints } from "../../src/proxy/AgentEndpoints.ts"
import { AgentlessNodes } from "../../src/proxy/agentless/AgentlessNodes.ts"
import { Gateways } from "../../src/proxy/agentless/Gateways.ts"
import { TargetReach } from "../../src/proxy/agentless/TargetReach.ts"
import { connectEndpoint } from "../../src/proxy/ConnectEndpoint.ts"
import { ConnectForbidden, ConnectPolicy, NodeUnknown } from "../../src/proxy/ConnectPolicy.ts"
import { makeHttpRoutes } from "../../src/proxy/HttpRoutes.ts"
import { type ListenerLimits, type ListenerOptions, listen } from "../../src/proxy/Listener.ts"
import { NodeAuthenticator, NodeRefused } from "../../src/proxy/NodeAuthenticator.ts"
import { nodeOfTarget } from "../../src/proxy/NodeOfTarget.ts"
import { RefusalLog } from "../../src/proxy/RefusalLog.ts"
import { generateTlsIdentity, type TlsIdentity } from "../../src/proxy/TlsIdentity.ts"
import { Tunnels, type TunnelsOptions } from "../../src/proxy/Tunnels.ts"
import { UserAuthenticator, UserRefused } from "../../src/proxy/UserAuthenticator.ts"
import { UserConnections } from "../../src/proxy/UserConnections.ts"
import { fullGrant } from "../support/accessGrants.ts"

export const cluster = "test"
export const nodeId = NodeId.make("5b0f2a6e-9f3c-4f34-9d65-2d3a8f5b7c11")
export const nodeName = NodeName.make("web-1")
export const nodeKeys = generateKeyPairSync("ed25519")
export const userKeys = generateKeyPairSync("ed25519")

export const nodeToken = (key: KeyObject = nodeKeys.privateKey) => mintNodeToken({ nodeId, audience: cluster, key })

/** The "certificate" is the user's name: what it really is, is for the authenticator behind the port. */
export const userToken = (user = "ada") =>
  mintUserToken({
    user,
    audience: cluster,
    certificate: Buffer.from(user).toString("base64"),
    key: userKeys.privateKey,
  })

const userIdentity = (name: string) =>
  Identity.User({ user: UserName.make(name), roles: [], logins: [], createdMs: 0 }) as Extract<
    Identity,
    { _tag: "User" }
  >

/** Users "ada", who may reach web-1 alone, and "eve", who may reach nothing; "web-2" is known but never connected. */
const users = Layer.succeed(UserAuthenticator, {
  bearer: (token) =>
    verifyUserToken({
      token,
      audience: cluster,
      resolve: (certificate) => {
        const name = Buffer.from(certificate, "base64").toString()
        return Effect.succeed({ subject: name, key: userKeys.publicKey, known: userIdentity(name) })
      },
    }).pipe(
      Effect.map(({ known }) => known),
      Effect.mapError(({ message }) => new UserRefused({ message })),
    ),
  certificate: () => Effect.fail(new UserRefused({ message: "no certificates here" })),
})

const policy = Layer.succeed(ConnectPolicy, {
  resolve: (user, target) => {
    const name = Option.getOrUndefined(nodeOfTarget(target, cluster))
    if (name !== "web-1" && name !== "web-2")
      return Effect.fail(new NodeUnknown({ message: `there is no node "${target}"` }))
    return user.user === "ada"
      ? Effect.succeed({ node: name, grant: fullGrant(user.user), agentless: Option.none() })
      : Effect.fail(new ConnectForbidden({ message: `${user.user} may not reach ${name}` }))
  },
})

/** All nodes have agents. */
export const noGateways = Gateways.layer.pipe(
  Layer.provide(
    Layer.merge(
      TargetReach.layer,
      Layer.succeed(AgentlessNodes, {
        cluster,
        ids: Effect.succeed([]),
        find: () => Effect.succeedNone,
        certify: () => Effect.dieMessage("certified"),
      }),
    ),
  ),
)

/** Nobody reads who was refused. */
export const unreadRefusals = Layer.succeed(RefusalLog, { report: () => Effect.void })

const nodes = (removed: Ref.Ref<boolean>) =>
  Layer.succeed(NodeAuthenticator, {
    authenticate: (token) =>
      Effect.gen(function* () {
        if (yield* Ref.get(removed)) return yield* new NodeRefused({ message: "web-1 was removed", permanent: true })
        yield* verifyNodeToken({
          token,
          audience: cluster,
          resolve: (id) => Effect.succeed({ subject: id, key: nodeKeys.publicKey, known: undefined }),
        }).pipe(Effect.mapError(({ message }) => new NodeRefused({ message, permanent: false })))
        return Identity.Node({ id: nodeId, name: nodeName }) as Extract<Identity, { _tag: "Node" }>
      }),
  })

export interface TestHub {
  readonly address: HubAddress
  readonly trust: HubTrust
  readonly identity: TlsIdentity
  readonly tunnels: Tunnels["Type"]
  readonly connections: UserConnections["Type"]
  readonly removed: Ref.Ref<boolean>
}

export interface TestHubOptions {
  readonly port?: number
  readonly tls?: boolean
  readonly identity?: TlsIdentity
  readonly tunnels?: Partial<TunnelsOptions>
  readonly limits?: ListenerLimits
  readonly upgrades?: ListenerOptions["upgrades"]
  readonly onHttp2?: ListenerOptions["onHttp2"]
}

export const testTunnelsOptions: TunnelsOptions = {
  heartbeat: { intervalMs: 200, deadAfterMs: 600 },
  dialTimeoutMs: 10_000,
}

/** A hub on loopback with everything of `src/proxy` but the SSH front door; stops with the scope. */
export const testHub = (options: TestHubOptions = {}): Effect.Effect<TestHub, never, Scope.Scope> =>
  Effect.gen(function* () {
    const removed = yield* Ref.make(false)
    const identity = options.identity ?? (yield* generateTlsIdentity(["hub.test"], new Date()))
    const tls = options.tls ?? true
    const services = yield* Layer.build(
      Layer.mergeAll(
        users,
        policy,
        unreadRefusals,
        noGateways,
        nodes(removed),
        Tunnels.layer({ ...testTunnelsOptions, ...options.tunnels }),
        UserConnections.layer,
      ),
    )
    const agents = yield* Effect.provide(agentEndpoints, services)
    const connect = yield* Effect.provide(connectEndpoint, services)
    const onRequest = yield* makeHttpRoutes({ ready: Effect.succeed([]), metrics: Effect.succeed("up 1\n") })
    const bound = yield* listen({
      address: { host: "127.0.0.1", port: options.port ?? 0 },
      tls: tls ? Option.some(identity) : Option.none(),
      onRequest,
      upgrades: { ...agents, ...connect, ...options.upgrades },
      onHttp2: options.onHttp2 ?? ((socket) => socket.destroy()),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    })
    const trust = tls ? HubTrust.Pinned({ pin: identity.pin, certificate: identity.certificate }) : HubTrust.Plain()
    const tunnels = yield* Effect.provide(Tunnels, services)
    const connections = yield* Effect.provide(UserConnections, services)
    return { address: { ...bound, tls }, trust, identity, tunnels, connections, removed }
  }).pipe(Effect.orDie)
