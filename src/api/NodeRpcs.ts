import { Rpc, RpcGroup } from "@effect/rpc"
import { Schema } from "effect"
import { AuditEventDraft } from "../domain/AuditEvent.ts"
import { RecordingMode, RecordingModeSource } from "../domain/RecordingMode.ts"
import { ApiError } from "./ApiError.ts"
import { Authentication } from "./Identity.ts"
import { ClusterInfo } from "./PublicRpcs.ts"
import { RecordingSettings } from "./RecordingSettings.ts"

/** Events in one report. */
export const maxReportedEvents = 64

/** Characters of JSON in the detail of one. */
export const maxReportedDetail = 16_384

/** What an agent asks of its hub. */
export class NodeRpcs extends RpcGroup.make(
  /** How sessions that begin now are recorded. */
  Rpc.make("RecordingSettings", { success: RecordingSettings, error: ApiError }),
  /** Tells what the agent is, at each start; gives a fresh host certificate and the cluster's keys. */
  Rpc.make("Register", {
    payload: {
      version: Schema.String,
      labels: Schema.Record({ key: Schema.String, value: Schema.String }),
      /** What a session that began now would get. */
      mode: RecordingMode,
      mode_source: RecordingModeSource,
      /** `ssh-ed25519 AAAA…` */
      host_key: Schema.String,
    },
    success: Schema.Struct({ host_certificate: Schema.String, cluster: ClusterInfo }),
    error: ApiError,
  }),
  /**
   * What the agent saw and belongs in the audit log, in order; the hub sets `node` itself. All of a batch is stored or nothing,
   * and a batch that was stored already is not stored again: it may be sent until it is answered.
   */
  Rpc.make("Report", {
    payload: {
      batch_id: Schema.UUID,
      events: Schema.Array(AuditEventDraft).pipe(Schema.maxItems(maxReportedEvents)),
    },
    error: ApiError,
  }),
).middleware(Authentication) {}
