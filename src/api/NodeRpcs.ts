import { Rpc, RpcGroup } from "@effect/rpc"
import { Schema } from "effect"
import { AuditEventDraft } from "../domain/AuditEvent.ts"
import { RecordingMode, RecordingModeSource } from "../domain/RecordingMode.ts"
import { ApiError } from "./ApiError.ts"
import { Authentication } from "./Identity.ts"
import { ClusterInfo } from "./PublicRpcs.ts"

/** What an agent asks of its hub. */
export class NodeRpcs extends RpcGroup.make(
  /** The cluster's `session_recording`. */
  Rpc.make("SessionRecording", { success: RecordingMode, error: ApiError }),
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
  /** Something that the agent saw and that belongs in the audit log; the hub sets `node` itself. */
  Rpc.make("Report", { payload: AuditEventDraft, error: ApiError }),
).middleware(Authentication) {}
