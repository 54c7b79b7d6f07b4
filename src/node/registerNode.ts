import { Effect } from "effect"
import { version } from "../domain/version.ts"
import { publicKeyLine } from "../ssh/OpenSshKey.ts"
import { HubCalls } from "./hub/HubCalls.ts"
import { RecordingTerms } from "./recording/RecordingTerms.ts"
import type { NodeKeys } from "./session/serveConnection.ts"

/** What a node tells of itself. */
export interface NodeRegistration {
  readonly keys: Pick<NodeKeys, "hostKey">
  readonly labels: Readonly<Record<string, string>>
}

/** Tells the hub what this node is; gives the cluster's keys, which may be renewed, and a fresh host certificate. */
export const registerNode = Effect.fn("Node.register")(function* (about: NodeRegistration) {
  const hub = yield* HubCalls
  const mode = yield* (yield* RecordingTerms).mode
  return yield* hub.register({ version, labels: about.labels, mode, hostKey: publicKeyLine(about.keys.hostKey) })
})
