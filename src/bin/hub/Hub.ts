import { join } from "node:path"
import { Clock, Effect, Either, Layer, Option, Redacted, Ref, Schedule } from "effect"
import type { HubPin } from "../../api/HubPin.ts"
import { HubTrust, trustedAlike } from "../../api/HubTrust.ts"
import { type HubEntry, mostHubs } from "../../api/PublicRpcs.ts"
import { layerAuthServices } from "../../auth/AuthServices.ts"
import { AuditAnchor } from "../../auth/audit/AuditAnchor.ts"
import { layerSqlite } from "../../auth/database/Database.ts"
import { Enforcer } from "../../auth/enforcement/Enforcer.ts"
import { Hubs } from "../../auth/hubs/Hubs.ts"
import { ownHubId } from "../../auth/hubs/ownHubId.ts"
import { PeerRecordings } from "../../auth/hubs/PeerRecordings.ts"
import * as GrpcIngest from "../../auth/ingest/GrpcIngest.ts"
import { PartialRecordings } from "../../auth/ingest/PartialRecordings.ts"
import { RecordingIngest } from "../../auth/ingest/RecordingIngest.ts"
import { RecordingWork } from "../../auth/ingest/RecordingWork.ts"
import { SpoolKeys } from "../../auth/ingest/SpoolKeys.ts"
import { ClusterKeys } from "../../auth/keys/ClusterKeys.ts"
import { HubFacts } from "../../auth/keys/HubFacts.ts"
import { Nodes } from "../../auth/nodes/Nodes.ts"
import { OnlineNodes } from "../../auth/nodes/OnlineNodes.ts"
import { RecordingDeletion } from "../../auth/recordings/RecordingDeletion.ts"
import { RecordingDelivery } from "../../auth/recordings/RecordingDelivery.ts"
import * as Retention from "../../auth/recordings/Retention.ts"
import * as Filesystem from "../../auth/storage/Filesystem.ts"
import { LocalRecordings } from "../../auth/storage/LocalRecordings.ts"
import * as StoredRecordings from "../../auth/storage/StoredRecordings.ts"
import { version } from "../../domain/version.ts"
import { Admission } from "../../proxy/Admission.ts"
import { agentEndpoints } from "../../proxy/AgentEndpoints.ts"
import { Gateways } from "../../proxy/agentless/Gateways.ts"
import { TargetReach } from "../../proxy/agentless/TargetReach.ts"
import { connectEndpoint } from "../../proxy/ConnectEndpoint.ts"
import { serveFrontDoor } from "../../proxy/FrontDoor.ts"
import { type ListenAddress, reachableAddress } from "../../proxy/ListenAddress.ts"
import { listen } from "../../proxy/Listener.ts"
import { generateTlsIdentity, type TlsIdentity, tlsIdentityFromPem } from "../../proxy/TlsIdentity.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { UserConnections } from "../../proxy/UserConnections.ts"
import { SigningKey } from "../../recording/SigningKey.ts"
import { useDataDirectory } from "../process/useDataDirectory.ts"
import { checkOthers } from "./checkOthers.ts"
import { drainHub } from "./drainHub.ts"
import { enforcement } from "./enforcement.ts"
import type { HubConfig } from "./HubConfig.ts"
import { hubEntry } from "./hubEntry.ts"
import { hubRoutes } from "./hubRoutes.ts"
import { loadS3 } from "./loadS3.ts"
import { agentlessNodes, onlineNodes, proxyPorts } from "./ports.ts"
import { layerLocalRpc, rpcEndpoints } from "./rpc.ts"
import type { StorageConfig } from "./StorageConfig.ts"

/** Where a hub serves. */
export interface RunningHub {
  readonly listen: ListenAddress
  readonly ssh: ListenAddress
  /** None where a load balancer ends TLS. */
  readonly pin: Option.Option<HubPin>
  /** Where the others are told that it is. */
  readonly entry: HubEntry | null
  /** Brings it to a stop: see `drainHub`. It serves, in a way, until its scope ends. */
  readonly drain: Effect.Effect<void>
}

/** Runs a hub, auth and proxy, for as long as the scope. Succeeds once it serves. */
export const startHub = Effect.fn("Hub.start")(function* (config: HubConfig, dataDirectory: string) {
  yield* useDataDirectory(dataDirectory, "mezhub")
  const sshPort = yield* Ref.make<number | null>(null)
  const services = yield* Layer.build(layerServices(config, dataDirectory, sshPort))
  return yield* Effect.provide(serve(config, dataDirectory, sshPort), services)
})

const layerServices = (config: HubConfig, dataDirectory: string, sshPort: Ref.Ref<number | null>) =>
  Enforcer.layer.pipe(
    Layer.provideMerge(enforcement),
    Layer.provideMerge(layerRecording(config, dataDirectory)),
    Layer.provideMerge(Layer.provide(Gateways.layer, agentlessNodes)),
    Layer.provideMerge(proxyPorts),
    Layer.provideMerge(AuditAnchor.layer(join(dataDirectory, "audit-head.json"))),
    Layer.provideMerge(layerAuthServices(config.clusterName)),
    Layer.provideMerge(onlineNodes),
    Layer.provideMerge(layerHubs(dataDirectory)),
    Layer.provideMerge(
      Layer.mergeAll(
        Tunnels.layer(),
        TargetReach.layer,
        UserConnections.layer,
        Admission.layer,
        layerDatabase(config, dataDirectory),
        Layer.succeed(HubFacts, { version, sshPort: Ref.get(sshPort) }),
      ),
    ),
  )

const layerHubs = (dataDirectory: string) =>
  Layer.unwrapEffect(Effect.map(ownHubId(join(dataDirectory, "hub-id")), Hubs.layer))

const sealingKey = ({ privateKey }: ClusterKeys["Type"]["recordingKeys"][0]): SigningKey =>
  Either.getOrThrow(SigningKey.fromKeyObject(Redacted.value(privateKey)))

/** The client of PostgreSQL is loaded where it is used. */
const layerDatabase = ({ databaseUrl }: HubConfig, dataDirectory: string) =>
  Option.match(databaseUrl, {
    onNone: () => layerSqlite(join(dataDirectory, "hub.db")),
    onSome: (url) =>
      Layer.unwrapEffect(
        Effect.map(
          Effect.promise(() => import("../../auth/database/Postgres.ts")),
          ({ layerPostgres }) => layerPostgres(url),
        ),
      ),
  })

/** The client of S3 is loaded where it is used: it costs time and memory. */
const layerStorage = (storage: StorageConfig, directory: string) =>
  storage._tag === "Filesystem"
    ? Filesystem.layer(directory)
    : Layer.unwrapEffect(Effect.map(Effect.promise(loadS3), (S3) => S3.layer(storage)))

const layerRecording = ({ keyRing, orphanAfter, storage, tls }: HubConfig, dataDirectory: string) => {
  const partials = Layer.unwrapEffect(
    Effect.map(ClusterKeys, ({ recordingKeys: [newest, ...older] }) => {
      const signer = sealingKey(newest)
      return PartialRecordings.layer({
        signer,
        publicKeys: [signer, ...older.map(sealingKey)].map(({ publicKey }) => publicKey),
        keyRing,
      })
    }),
  )
  const directory = join(dataDirectory, "recordings")
  return Layer.merge(RecordingIngest.layer(orphanAfter), Retention.layer()).pipe(
    Layer.provide(RecordingWork.layer),
    Layer.provideMerge(SpoolKeys.layer(keyRing)),
    Layer.provideMerge(
      Layer.mergeAll(partials, StoredRecordings.layer(keyRing), RecordingDelivery.layer, RecordingDeletion.layer),
    ),
    Layer.provideMerge(
      Layer.mergeAll(LocalRecordings.layer(directory), layerStorage(storage, directory), layerPeers(tls)),
    ),
  )
}

const serve = Effect.fnUntraced(function* (config: HubConfig, dataDirectory: string, sshPort: Ref.Ref<number | null>) {
  const { sshHostKey } = yield* ClusterKeys
  const grpc = yield* GrpcIngest.make()
  const tls = config.tls === "on" ? Option.some(yield* tlsIdentity) : Option.none()
  const ssh = yield* serveFrontDoor({
    address: config.sshListen,
    hostKey: { privateKey: Redacted.value(sshHostKey.privateKey) },
  })
  yield* Ref.set(sshPort, ssh.port)
  const address = yield* listen({
    address: config.listen,
    tls,
    onRequest: yield* hubRoutes,
    upgrades: { ...(yield* agentEndpoints), ...(yield* connectEndpoint), ...(yield* rpcEndpoints) },
    onHttp2: grpc.accept,
  })
  yield* (yield* Gateways).begin({
    ...reachedFromWithin(address, tls),
    config: config.recording,
    directory: join(dataDirectory, "gateway"),
  })
  const entry = hubEntry({ ...config, listen: address, ssh })
  const keyRing = Redacted.value(config.keyRing)
  const keys = { current: keyRing.current?.id ?? null, all: keyRing.ids }
  yield* (yield* Hubs).announce({ entry, alone: entry === null || config.storage._tag === "Filesystem", keys })
  yield* checkOthers({ entry, storage: config.storage, keys })
  yield* Effect.forkScoped(tellOfHubs)
  yield* Effect.forkScoped(rememberOnline)
  yield* Layer.build(layerLocalRpc(join(dataDirectory, "hub.sock")))
  const services = yield* Effect.context<Effect.Effect.Context<ReturnType<typeof drainHub>>>()
  return {
    listen: address,
    ssh,
    pin: Option.map(tls, ({ pin }) => pin),
    entry,
    drain: Effect.provide(drainHub(config.drainTimeout), services),
  } satisfies RunningHub
})

/** How the nodes that this hub serves itself reach it. */
const reachedFromWithin = (address: ListenAddress, tls: Option.Option<TlsIdentity>) => {
  const { host, port } = reachableAddress(address)
  return Option.match(tls, {
    onNone: () => ({ hub: { host, port, tls: false }, trust: HubTrust.Plain() }),
    onSome: ({ pin, certificate }) => ({
      hub: { host, port, tls: true },
      trust: HubTrust.Pinned({ pin, certificate }),
    }),
  })
}

/** Agents keep a connection to each hub that is there. */
const tellOfHubs = Effect.gen(function* () {
  const [{ id: self, living, shared }, tunnels] = [yield* Hubs, yield* Tunnels]
  if (!shared) return
  yield* Effect.flatMap(living, (hubs) =>
    tunnels.knowHubs({ self, hubs: hubs.slice(0, mostHubs).map(({ id, address }) => ({ id, address })) }),
  ).pipe(Effect.repeat(Schedule.spaced("1 second")))
})

/** Notes every minute which nodes are there, so that `nodes ls` can tell since when one is not. */
const rememberOnline = Effect.gen(function* () {
  const [nodes, { online }] = [yield* Nodes, yield* OnlineNodes]
  yield* Effect.flatMap(online, Effect.forEach(nodes.seen, { discard: true })).pipe(
    Effect.catchAll((error) => Effect.logWarning("who is online cannot be noted", error)),
    Effect.repeat(Schedule.spaced("1 minute")),
  )
})

/** The cluster's hubs have one key; where something before them ends TLS, that is trusted as the system does. */
const layerPeers = (tls: HubConfig["tls"]) =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      if (tls === "off") return PeerRecordings.layer(trustedAlike(HubTrust.System()))
      const { pin, certificate } = yield* tlsIdentity
      return PeerRecordings.layer(trustedAlike(HubTrust.Pinned({ pin, certificate })))
    }),
  )

/** Made at the first start, and kept with the cluster's other keys. */
const tlsIdentity = Effect.gen(function* () {
  const keys = yield* ClusterKeys
  const now = new Date(yield* Clock.currentTimeMillis)
  const generate = Effect.map(generateTlsIdentity([], now), ({ privateKey, certificate }) => ({
    key: privateKey,
    certificate,
  }))
  const { certificate, key } = yield* keys.tls(generate)
  return yield* tlsIdentityFromPem(certificate, key)
})
