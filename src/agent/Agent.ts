import { Array as Arr, Context, Effect, Either, Fiber, Layer, type Option, Ref } from "effect"
import { mintNodeToken } from "../api/BearerToken.ts"
import { type HubAddress, parseHubAddresses } from "../api/HubAddress.ts"
import { type HubTrust, trustedAlike } from "../api/HubTrust.ts"
import type { ClusterHubs } from "../api/transport/TunnelMessages.ts"
import { AccessControl } from "../node/access/AccessControl.ts"
import { AuditReports } from "../node/audit/AuditReports.ts"
import { HubCalls } from "../node/hub/HubCalls.ts"
import type { HubLinks } from "../node/hub/HubLink.ts"
import { HubReturn } from "../node/hub/HubReturn.ts"
import { layerNode } from "../node/NodeServices.ts"
import { RecordingTerms } from "../node/recording/RecordingTerms.ts"
import { registerNode } from "../node/registerNode.ts"
import { Drain } from "../node/session/Drain.ts"
import { NodeSessions } from "../node/session/NodeSessions.ts"
import { type NodeKeys, serveConnection } from "../node/session/serveConnection.ts"
import { endSessions, stopNode } from "../node/stopNode.ts"
import { SessionRegistry } from "../session/SessionRegistry.ts"
import type { AgentConfig } from "./AgentConfig.ts"
import { EnhancedRecording } from "./enhanced/EnhancedRecording.ts"
import type { ProbeKeeper } from "./enhanced/ProbeKeeper.ts"
import * as Identity from "./identity/NodeIdentity.ts"
import { layerLocalMachine } from "./LocalMachine.ts"
import { endLeftSessions } from "./terminal/endLeftSessions.ts"
import { runHubTunnels } from "./tunnel/HubTunnels.ts"
import { KnownHubs } from "./tunnel/KnownHubs.ts"

export interface AgentOptions {
  readonly identity: Identity.NodeIdentity
  /** Where the identity is kept. */
  readonly identityFile: string
  readonly config: AgentConfig
  readonly dataDirectory: string
  /** None where enhanced recording is off. */
  readonly probe: Option.Option<ProbeKeeper>
  /** Run each time that the hub has taken this node. */
  readonly onOnline: Effect.Effect<void>
  /** Completes when it is to stop. */
  readonly stopRequested: Effect.Effect<void>
}

/**
 * Serves this node until it is to stop: then nothing new begins, sessions may end by themselves for a while, and are ended.
 * Fails only where the hub rejects the node for good. Interrupted, it ends its sessions at once.
 */
export const runAgent = Effect.fn("Agent.run")(function* (options: AgentOptions) {
  const { identity } = options
  const hubs = new KnownHubs(yield* givenHubs(identity))
  const trustFor = trustedAlike(identity.trust)
  const link = {
    hubs,
    trustFor,
    links: Effect.sync(() => Arr.map(hubs.inOrder, (hub) => ({ hub, trust: trustFor(hub) }))),
    token: mintNodeToken({
      nodeId: identity.node_id,
      audience: identity.cluster.cluster,
      key: Identity.privateKey(identity.identity_key),
    }),
  }
  return yield* Effect.scoped(serve(options, link)).pipe(Effect.provide(services(options, link)))
})

interface Link extends HubLinks {
  readonly hubs: KnownHubs
  readonly trustFor: (hub: HubAddress) => HubTrust
}

/** Those that it joined with, and those that it was told of when it last ran. */
const givenHubs = ({ hubs, cluster }: Identity.NodeIdentity) =>
  Either.mapLeft(
    parseHubAddresses([...hubs, ...cluster.hubs.map(({ address }) => address)].join(",")),
    ({ message }) => new Identity.IdentityUnreadable({ message }),
  )

const services = ({ config, identity, dataDirectory: directory, probe }: AgentOptions, link: Link) =>
  layerNode({
    name: identity.name,
    cluster: identity.cluster.cluster,
    link,
    config: config.recording,
    directory,
    machine: Layer.merge(
      Layer.provide(layerLocalMachine, EnhancedRecording.layer(probe)),
      Layer.effectDiscard(endLeftSessions),
    ),
  })

const keysOf = ({ host_key, host_certificate, cluster }: Identity.NodeIdentity): NodeKeys => ({
  hostKey: Identity.privateKey(host_key),
  hostCertificate: host_certificate,
  userCa: cluster.user_ca,
})

const serve = Effect.fnUntraced(function* (options: AgentOptions, link: Link) {
  const hubReturn = yield* HubReturn
  const reports = yield* AuditReports
  // These and nothing else: with this scope in it, what a connection holds would live as long as the agent.
  const context = Context.pick(
    NodeSessions,
    AccessControl,
    AuditReports,
    HubCalls,
    RecordingTerms,
    SessionRegistry,
  )(yield* Effect.context<NodeSessions | AccessControl | AuditReports | HubCalls | RecordingTerms | SessionRegistry>())
  const orders = { ...(yield* AccessControl).orders, stopping: (yield* Drain).hubStops }
  const identity = yield* Ref.make(options.identity)
  const online = register(options, identity).pipe(
    Effect.catchAll((error) => Effect.logWarning("the node cannot be registered", error)),
    Effect.zipRight(Effect.zipRight(hubReturn.happened, reports.wake)),
    Effect.zipRight(options.onOnline),
    Effect.provide(context),
  )
  const client = yield* Effect.forkScoped(
    runHubTunnels(
      { ...link, onOnline: online, orders, onHubs: (told) => keepHubs(options, identity, told) },
      (incoming) =>
        Effect.flatMap(Ref.get(identity), (current) => serveConnection(incoming, keysOf(current))).pipe(
          Effect.provide(context),
        ),
    ),
  )
  // Runs before the connections are closed, so that those at the other end read why.
  yield* Effect.addFinalizer(() => Effect.provide(endSessions, context))
  const { drainTimeout } = options.config.recording
  yield* Effect.raceFirst(Fiber.join(client), Effect.zipRight(options.stopRequested, stopNode(drainTimeout)))
})

/** So that it finds the others where it starts while the one that it joined with is away. */
const keepHubs = Effect.fnUntraced(function* (
  { identityFile }: AgentOptions,
  identity: Ref.Ref<Identity.NodeIdentity>,
  { hubs }: ClusterHubs,
) {
  const current = yield* Ref.get(identity)
  const told = hubs.map(({ address }) => ({ address, ssh_port: null }))
  const isNew = told.some(({ address }) => current.cluster.hubs.every((hub) => hub.address !== address))
  if (!isNew) return
  const renewed = { ...current, cluster: { ...current.cluster, hubs: told } }
  yield* Ref.set(identity, renewed)
  yield* Effect.catchAll(Identity.save(identityFile, renewed), (error) =>
    Effect.logWarning("the cluster's hubs cannot be kept", error),
  )
})

/** Tells the hub what this agent is, and keeps what it answers. */
const register = Effect.fnUntraced(function* (options: AgentOptions, identity: Ref.Ref<Identity.NodeIdentity>) {
  const current = yield* Ref.get(identity)
  const about = { keys: keysOf(current), labels: options.config.labels }
  const { host_certificate, cluster } = yield* registerNode(about)
  const renewed = { ...current, host_certificate, cluster }
  yield* Ref.set(identity, renewed)
  yield* Identity.save(options.identityFile, renewed)
})
