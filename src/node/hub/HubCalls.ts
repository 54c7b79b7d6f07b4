import type { RpcClientError } from "@effect/rpc/RpcClientError"
import { Context, Effect, Layer, Option, type Scope } from "effect"
import type { ApiError } from "../../api/ApiError.ts"
import { atAnyHub } from "../../api/atAnyHub.ts"
import type { HubNotTrusted } from "../../api/HubNotTrusted.ts"
import type { HubRefused } from "../../api/HubRefused.ts"
import { hubRpcClient } from "../../api/HubRpcClient.ts"
import type { HubUnreachable } from "../../api/HubUnreachable.ts"
import { NodeRpcs } from "../../api/NodeRpcs.ts"
import type { ClusterInfo } from "../../api/PublicRpcs.ts"
import type { RecordingSettings } from "../../api/RecordingSettings.ts"
import type { AuditEventDraft } from "../../domain/AuditEvent.ts"
import type { ChosenMode } from "../../domain/RecordingMode.ts"
import type { HubLinks } from "./HubLink.ts"

/** A call to the hub did not succeed. */
export type CallFailed = ApiError | RpcClientError | HubUnreachable | HubNotTrusted | HubRefused

/** What the agent says of itself. */
export interface Registration {
  readonly version: string
  readonly labels: Readonly<Record<string, string>>
  /** What a session that began now would get. */
  readonly mode: ChosenMode
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string
}

/** Events that are told at once. */
export interface ReportBatch {
  /** A UUID by which the hub knows the batch if it comes again. */
  readonly id: string
  readonly events: ReadonlyArray<AuditEventDraft>
}

/** Tells what belongs in the audit log; a batch that the hub has already is not stored again. See `AuditReports`. */
export type Report = (batch: ReportBatch) => Effect.Effect<void, CallFailed>

/** What the agent asks of its cluster, and tells it; each on a connection of its own, to a hub that answers. */
export class HubCalls extends Context.Tag("mezite/node/HubCalls")<
  HubCalls,
  {
    /** How sessions that begin now are recorded. */
    readonly recordingSettings: Effect.Effect<RecordingSettings, CallFailed>
    /** Gives a fresh host certificate, and the cluster's keys. */
    readonly register: (
      registration: Registration,
    ) => Effect.Effect<{ readonly host_certificate: string; readonly cluster: ClusterInfo }, CallFailed>
    /** A connection for reports, as long as the scope. Once it is lost, each fails. */
    readonly reports: Effect.Effect<Report, CallFailed, Scope.Scope>
  }
>() {
  static readonly layer = (options: HubLinks): Layer.Layer<HubCalls> => Layer.effect(HubCalls, make(options))
}

const make = ({ links, token }: HubLinks) =>
  Effect.sync(() => {
    const client = Effect.flatMap(links, (all) =>
      atAnyHub(all, (link) => hubRpcClient(NodeRpcs, { ...link, token: Option.some(token) })),
    )
    return HubCalls.of({
      recordingSettings: Effect.scoped(Effect.flatMap(client, (hub) => hub.RecordingSettings())),
      register: ({ version, labels, mode, hostKey }) =>
        Effect.scoped(
          Effect.flatMap(client, (hub) =>
            hub.Register({ version, labels, mode: mode.mode, mode_source: mode.source, host_key: hostKey }),
          ),
        ),
      reports: Effect.map(
        client,
        (hub): Report =>
          ({ id, events }) =>
            hub.Report({ batch_id: id, events }),
      ),
    })
  })
