import { createPrivateKey } from "node:crypto"
import { join } from "node:path"
import { Array as Arr, Context, Effect, Layer, Redacted, Ref, Schedule, type Scope } from "effect"
import { mintNodeToken } from "../../api/BearerToken.ts"
import type { HubAddress } from "../../api/HubAddress.ts"
import type { HubTrust } from "../../api/HubTrust.ts"
import { AccessControl } from "../../node/access/AccessControl.ts"
import type { HubOrders } from "../../node/access/HubOrders.ts"
import { AuditReports } from "../../node/audit/AuditReports.ts"
import { HubCalls } from "../../node/hub/HubCalls.ts"
import { HubReturn } from "../../node/hub/HubReturn.ts"
import type { NodeConfig } from "../../node/NodeConfig.ts"
import { NodeHost } from "../../node/NodeHost.ts"
import { layerNode } from "../../node/NodeServices.ts"
import { registerNode } from "../../node/registerNode.ts"
import { Drain } from "../../node/session/Drain.ts"
import type { IncomingConnection } from "../../node/session/IncomingConnection.ts"
import { NodeSessions } from "../../node/session/NodeSessions.ts"
import { type NodeKeys, serveConnection } from "../../node/session/serveConnection.ts"
import { endSessions } from "../../node/stopNode.ts"
import { SessionRegistry } from "../../session/SessionRegistry.ts"
import type { AgentlessNode, AgentlessNodes } from "./AgentlessNodes.ts"
import { layerTargetMachine } from "./TargetMachine.ts"
import type { TargetReach } from "./TargetReach.ts"

/** How gateways serve their nodes. */
export interface GatewayOptions {
  /** The hub itself, as its nodes reach it. */
  readonly hub: HubAddress
  readonly trust: HubTrust
  readonly config: NodeConfig
  /** Each node's recordings and events wait for the hub in a directory of its own below. */
  readonly directory: string
}

/** What gateways need of the hub. */
export interface GatewayServices {
  readonly nodes: AgentlessNodes["Type"]
  readonly reach: TargetReach["Type"]
}

/** A node without an agent, served by the hub. */
export interface Gateway {
  readonly node: Pick<AgentlessNode, "id" | "name">
  /** Serves a client's SSH connection until it has ended; the transport is destroyed with it. */
  readonly serve: (incoming: IncomingConnection) => Effect.Effect<void>
  readonly orders: HubOrders
}

/** Long before the host certificate's 30 days are over. */
const renewal = "1 day"

const registrationLimit = "15 seconds"

const privateKey = (pem: Redacted.Redacted<string>) => createPrivateKey(Redacted.value(pem))

const layerGateway = (node: AgentlessNode, { nodes, reach }: GatewayServices, options: GatewayOptions) =>
  layerNode({
    name: node.name,
    cluster: nodes.cluster,
    link: {
      links: Effect.succeed(Arr.of({ hub: options.hub, trust: options.trust })),
      token: mintNodeToken({ nodeId: node.id, audience: nodes.cluster, key: privateKey(node.identityKey) }),
    },
    config: options.config,
    directory: join(options.directory, node.name),
    machine: layerTargetMachine({
      target: node.target,
      certify: nodes.certify,
      onAnswer: (answered) => reach.note(node.id, answered),
    }),
  }).pipe(Layer.provide(Layer.succeed(NodeHost, "hub")))

/**
 * Serves a node without an agent for as long as the scope: for the hub's other parts it is a node like any other, which calls them
 * with tokens of its own. Succeeds once the hub has taken it. When the scope ends, its sessions are ended, told why.
 */
export const startGateway = Effect.fn("Gateway.start")(function* (
  node: AgentlessNode,
  hub: GatewayServices,
  options: GatewayOptions,
): Effect.fn.Return<Gateway, { readonly message: string }, Scope.Scope> {
  const services = yield* Layer.build(layerGateway(node, hub, options))
  const hostKey = privateKey(node.hostKey)
  const registered = registerNode({ keys: { hostKey }, labels: {} }).pipe(
    Effect.map(({ host_certificate, cluster }): NodeKeys => {
      return { hostKey, hostCertificate: host_certificate, userCa: cluster.user_ca }
    }),
    Effect.provide(services),
    Effect.timeoutFail({ duration: registrationLimit, onTimeout: () => ({ message: "it does not answer itself" }) }),
  )
  const keys = yield* Ref.make(yield* registered)
  yield* Effect.flatMap(registered, (renewed) => Ref.set(keys, renewed)).pipe(
    Effect.catchAll((error) => Effect.logWarning("the node cannot be registered", error)),
    Effect.delay(renewal),
    Effect.repeat(Schedule.forever),
    Effect.forkScoped,
  )
  yield* Effect.acquireRelease(hub.reach.note(node.id, true), () => hub.reach.forget(node.id))
  yield* Effect.zipRight(Context.get(services, HubReturn).happened, Context.get(services, AuditReports).wake)
  // Runs before the connections are closed, so that those at the other end read why.
  yield* Effect.addFinalizer(() => endSessions.pipe(Effect.provide(services), Effect.provideService(NodeHost, "hub")))
  // These and nothing else: with this scope in it, what a connection holds would live as long as the gateway.
  const serving = Context.pick(NodeSessions, AccessControl, AuditReports, HubCalls, SessionRegistry)(services)
  return {
    node,
    serve: (incoming) =>
      Effect.flatMap(Ref.get(keys), (current) => serveConnection(incoming, current)).pipe(
        Effect.scoped,
        Effect.ensuring(Effect.sync(() => incoming.transport.destroy())),
        Effect.provide(serving),
        Effect.annotateLogs({ node: node.name }),
      ),
    orders: { ...Context.get(services, AccessControl).orders, stopping: Context.get(services, Drain).hubStops },
  }
})
