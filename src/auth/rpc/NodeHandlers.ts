import { Effect, Option } from "effect"
import { NodeRpcs } from "../../api/NodeRpcs.ts"
import type { NodeIdentity } from "../access/Callers.ts"
import { authorizeNode, type NodeRpc } from "../access/RpcAccess.ts"
import { orUnavailable } from "../database/OrUnavailable.ts"
import { SpoolKeys } from "../ingest/SpoolKeys.ts"
import { ClusterDescription } from "../keys/ClusterDescription.ts"
import { Nodes } from "../nodes/Nodes.ts"
import { NodeReports } from "../sessions/NodeReports.ts"
import { Settings } from "../settings/Settings.ts"

const guarded = <A, E, R>(rpc: NodeRpc, call: (node: NodeIdentity) => Effect.Effect<A, E, R>) =>
  orUnavailable(Effect.flatMap(authorizeNode(rpc), call))

/** Answers nodes, and nobody else. */
export const layerNodeHandlers = NodeRpcs.toLayer(
  Effect.gen(function* () {
    const [nodes, reports, settings] = [yield* Nodes, yield* NodeReports, yield* Settings]
    const description = yield* ClusterDescription
    const spoolKey = Option.getOrNull(
      Option.map((yield* SpoolKeys).recipient, ({ id, base64 }) => ({ id, public_key: base64 })),
    )
    return {
      RecordingSettings: () =>
        guarded("RecordingSettings", () =>
          Effect.all({ session_recording: settings.sessionRecording, spool_key: Effect.succeed(spoolKey) }),
        ),
      Register: ({ version, labels, mode, mode_source: modeSource, host_key: hostKey }) =>
        guarded("Register", ({ id }) =>
          Effect.all({
            host_certificate: nodes.register(id, { version, labels, mode, modeSource, hostKey }),
            cluster: description.info,
          }),
        ),
      Report: ({ batch_id: id, events }) => guarded("Report", (node) => reports.report(node, { id, events })),
    }
  }),
)
