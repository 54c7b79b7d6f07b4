import { Effect, Stream } from "effect"
import type { Node } from "../../api/ClusterRpcs.ts"
import type { NodeName } from "../../domain/Identifiers.ts"
import { type NodeLabels, showLabels } from "../../domain/NodeLabels.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { hubOnThisHost } from "./HubSocket.ts"

/** The mode a new session would get, why, and whether that is less than the cluster asks for. */
const modeOf = (node: Node): string => {
  if (node.mode === null) return "-"
  const source = node.mode_source === null ? "" : ` (${node.mode_source})`
  return `${node.mode}${source}${node.weaker_than_cluster ? " WEAKER THAN CLUSTER" : ""}`
}

/** The labels that count, and what the node itself says where that is something else. */
const labelsOf = ({ labels, claimed_labels: claimed }: Node): string => {
  const shown = showLabels(labels) || "-"
  return claimed === null ? shown : `${shown} (it says ${showLabels(claimed) || "none"})`
}

const columns: Columns<Node> = {
  header: ["NAME", "ONLINE", "MODE", "VERSION", "LAST SEEN", "LABELS"],
  row: (node) => [
    node.name,
    node.online ? "yes" : "no",
    modeOf(node),
    node.version,
    node.last_seen_at ?? "-",
    labelsOf(node),
  ],
}

/** Lists the cluster's nodes; those that record less than the cluster's setting are flagged. */
export const listNodes = Effect.fn("mezctl.nodes.ls")(function* (format: ListFormat) {
  const client = yield* hubOnThisHost
  yield* printList(Stream.fromIterable(yield* client.NodesList()), format, columns)
}, Effect.scoped)

/** Gives a node its labels, in the place of those that it had. */
export const labelNode = Effect.fn("mezctl.nodes.label")(function* (name: NodeName, labels: NodeLabels) {
  const client = yield* hubOnThisHost
  yield* client.NodesLabel({ name, labels })
}, Effect.scoped)

/** Removes a node from the cluster. */
export const removeNode = Effect.fn("mezctl.nodes.rm")(function* (name: NodeName) {
  const client = yield* hubOnThisHost
  yield* client.NodesRemove({ name })
}, Effect.scoped)
