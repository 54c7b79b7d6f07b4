import { join } from "node:path"
import { Context, type Duration, Effect, Either, Fiber, Layer, type Option, Ref } from "effect"
import { mintNodeToken } from "../api/BearerToken.ts"
import { parseHubAddress } from "../api/HubAddress.ts"
import { HubTrust } from "../api/HubTrust.ts"
import { version } from "../domain/version.ts"
import { SessionRegistry } from "../session/SessionRegistry.ts"
import { publicKeyLine } from "../ssh/OpenSshKey.ts"
import type { AgentConfig } from "./AgentConfig.ts"
import { AccessControl } from "./access/AccessControl.ts"
import { AuditReports } from "./audit/AuditReports.ts"
import { EnhancedRecording } from "./enhanced/EnhancedRecording.ts"
import type { ProbeKeeper } from "./enhanced/ProbeKeeper.ts"
import { FileTransfers } from "./files/FileTransfers.ts"
import { PortForwarding } from "./forwarding/PortForwarding.ts"
import { HubCalls } from "./hub/HubCalls.ts"
import { HubReturn } from "./hub/HubReturn.ts"
import * as Identity from "./identity/NodeIdentity.ts"
import { sessionMode } from "./mode/SessionMode.ts"
import { HubRecorder } from "./recording/HubRecorder.ts"
import { AgentSessions } from "./session/AgentSessions.ts"
import { Drain } from "./session/Drain.ts"
import { endLeftSessions } from "./session/endLeftSessions.ts"
import { RecordedSession } from "./session/RecordedSession.ts"
import { serveConnection } from "./session/serveConnection.ts"
import { Spool } from "./spool/Spool.ts"
import { SpoolUploader } from "./spool/SpoolUploader.ts"
import { runTunnelClient } from "./tunnel/TunnelClient.ts"

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
  const hub = yield* Either.mapLeft(
    parseHubAddress(identity.hub),
    ({ message }) => new Identity.IdentityUnreadable({ message }),
  )
  const link = {
    hub,
    trust: trustOf(identity),
    token: mintNodeToken({
      nodeId: identity.node_id,
      audience: identity.cluster.cluster,
      key: Identity.privateKey(identity.identity_key),
    }),
  }
  return yield* Effect.scoped(serve(options, link)).pipe(Effect.provide(services(options, link)))
})

type Link = Parameters<typeof HubCalls.layer>[0]

const trustOf = ({ trust }: Identity.NodeIdentity): HubTrust => {
  if (trust._tag === "Pinned") return HubTrust.Pinned({ pin: trust.pin, certificate: trust.certificate })
  return trust._tag === "System" ? HubTrust.System() : HubTrust.Plain()
}

const modeOf = ({ config, dataDirectory }: AgentOptions) =>
  Effect.map(HubCalls, ({ sessionRecording }) =>
    sessionMode({ env: config.mode, ask: sessionRecording, cacheFile: join(dataDirectory, "session_recording") }),
  )

const services = (options: AgentOptions, link: Link) => {
  const { config, identity } = options
  const { windowBytes, recordSecrets, ackTimeout, spoolMinFree, onLocalFailure } = config
  const spool = { directory: join(options.dataDirectory, "spool"), minFree: spoolMinFree, onLocalFailure }
  const sessions = Layer.unwrapEffect(
    Effect.map(modeOf(options), (mode) =>
      AgentSessions.layer({ node: identity.name, cluster: identity.cluster.cluster, mode }),
    ),
  )
  return Layer.merge(sessions, AccessControl.layer(identity.name)).pipe(
    Layer.provide(RecordedSession.layer({ windowBytes, recordSecrets })),
    Layer.provide(EnhancedRecording.layer(options.probe)),
    Layer.provideMerge(Layer.merge(SpoolUploader.layer, Layer.effectDiscard(endLeftSessions))),
    Layer.provide(Spool.layer(spool)),
    Layer.provide(HubRecorder.layer({ ...link, ackTimeout })),
    Layer.provide(Layer.merge(PortForwarding.layer, FileTransfers.layer)),
    Layer.provideMerge(Drain.layer),
    Layer.provideMerge(AuditReports.layer({ directory: join(options.dataDirectory, "events") })),
    Layer.provideMerge(Layer.mergeAll(HubCalls.layer(link), SessionRegistry.layer, HubReturn.layer)),
  )
}

const serve = Effect.fnUntraced(function* (options: AgentOptions, link: Link) {
  const registry = yield* SessionRegistry
  const hubReturn = yield* HubReturn
  const reports = yield* AuditReports
  // These and nothing else: with this scope in it, what a connection holds would live as long as the agent.
  const context = Context.pick(
    AgentSessions,
    AccessControl,
    AuditReports,
    HubCalls,
    SessionRegistry,
  )(yield* Effect.context<AgentSessions | AccessControl | AuditReports | HubCalls | SessionRegistry>())
  const orders = { ...(yield* AccessControl).orders, stopping: (yield* Drain).hubStops }
  const identity = yield* Ref.make(options.identity)
  const online = register(options, identity).pipe(
    Effect.catchAll((error) => Effect.logWarning("the node cannot be registered", error)),
    Effect.zipRight(Effect.zipRight(hubReturn.happened, reports.wake)),
    Effect.zipRight(options.onOnline),
    Effect.provide(context),
  )
  const client = yield* Effect.forkScoped(
    runTunnelClient(
      { hub: link.hub, trust: Effect.succeed(link.trust), token: link.token, onOnline: online, orders },
      (incoming) =>
        Effect.flatMap(Ref.get(identity), (current) => serveConnection(incoming, current)).pipe(
          Effect.provide(context),
        ),
    ),
  )
  // Runs before the connections are closed, so that those at the other end read why.
  yield* Effect.addFinalizer(() => registry.end(() => true, "the agent is stopping"))
  yield* Effect.raceFirst(Fiber.join(client), Effect.zipRight(options.stopRequested, stop(options.config.drainTimeout)))
})

/** What could not be brought to the hub within this stays for the next start. */
const uploadLimit = "3 seconds"

const stop = Effect.fnUntraced(function* (limit: Duration.Duration) {
  const [drain, registry, uploader] = [yield* Drain, yield* SessionRegistry, yield* SpoolUploader]
  yield* drain.run(limit)
  yield* registry.end(() => true, "the agent is stopping")
  yield* Effect.timeoutOption(uploader.settled, uploadLimit)
})

/** Tells the hub what this agent is, and keeps what it answers: keys that were renewed, a fresh host certificate. */
const register = Effect.fnUntraced(function* (options: AgentOptions, identity: Ref.Ref<Identity.NodeIdentity>) {
  const hub = yield* HubCalls
  const mode = yield* Effect.flatten(modeOf(options))
  const current = yield* Ref.get(identity)
  const hostKey = publicKeyLine(Identity.privateKey(current.host_key))
  const { host_certificate, cluster } = yield* hub.register({ version, labels: options.config.labels, mode, hostKey })
  const renewed = { ...current, host_certificate, cluster }
  yield* Ref.set(identity, renewed)
  yield* Identity.save(options.identityFile, renewed)
})
