import { join } from "node:path"
import { Effect, Layer } from "effect"
import { SessionRegistry } from "../session/SessionRegistry.ts"
import { AccessControl } from "./access/AccessControl.ts"
import { AuditReports } from "./audit/AuditReports.ts"
import { FileTransfers } from "./files/FileTransfers.ts"
import { PortForwarding } from "./forwarding/PortForwarding.ts"
import { HubCalls } from "./hub/HubCalls.ts"
import type { HubLinks } from "./hub/HubLink.ts"
import { HubReturn } from "./hub/HubReturn.ts"
import type { Machine } from "./machine/Machine.ts"
import type { NodeConfig } from "./NodeConfig.ts"
import { HubRecorder } from "./recording/HubRecorder.ts"
import { RecordingTerms } from "./recording/RecordingTerms.ts"
import { Drain } from "./session/Drain.ts"
import { NodeSessions } from "./session/NodeSessions.ts"
import { RecordedSession } from "./session/RecordedSession.ts"
import { Spool } from "./spool/Spool.ts"
import { SpoolUploader } from "./spool/SpoolUploader.ts"

/** A node, and how it is served. */
export interface NodeOptions {
  readonly name: string
  readonly cluster: string
  /** Where its cluster's hubs are, and as whom it calls. */
  readonly link: HubLinks
  readonly config: NodeConfig
  /** Where recordings and events wait for the hub; nobody else's. */
  readonly directory: string
  /** The machine behind it. */
  readonly machine: Layer.Layer<Machine, never, AuditReports | Spool>
}

/** All that serves a node's SSH connections, records their sessions and brings the recordings to the hub. */
export const layerNode = (options: NodeOptions) => {
  const { name, cluster, link, config, directory } = options
  const { windowBytes, recordSecrets, ackTimeout, spoolMinFree, onLocalFailure } = config
  const spool = { directory: join(directory, "spool"), minFree: spoolMinFree, onLocalFailure }
  const sessions = Layer.unwrapEffect(
    Effect.map(RecordingTerms, ({ mode }) => NodeSessions.layer({ node: name, cluster, mode })),
  )
  return Layer.merge(sessions, AccessControl.layer(name)).pipe(
    Layer.provide(RecordedSession.layer({ windowBytes, recordSecrets })),
    Layer.provide(options.machine),
    Layer.provideMerge(SpoolUploader.layer),
    Layer.provide(Spool.layer(spool)),
    Layer.provide(HubRecorder.layer({ ...link, ackTimeout })),
    Layer.provide(Layer.merge(PortForwarding.layer, FileTransfers.layer)),
    Layer.provideMerge(Drain.layer),
    Layer.provideMerge(RecordingTerms.layer({ env: config.mode, cacheFile: join(directory, "recording.json") })),
    Layer.provideMerge(AuditReports.layer({ directory: join(directory, "events") })),
    Layer.provideMerge(Layer.mergeAll(HubCalls.layer(link), SessionRegistry.layer, HubReturn.layer)),
  )
}
