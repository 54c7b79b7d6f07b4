import { Effect, Option, Stream } from "effect"
import type { Node } from "../../api/ClusterRpcs.ts"
import type { Login, NodeName } from "../../domain/Identifiers.ts"
import { type NodeLabels, showLabels } from "../../domain/NodeLabels.ts"
import { printLine, warn } from "../Output.ts"
import { type Columns, type ListFormat, printList } from "../printList.ts"
import { adminHub } from "./AdminHub.ts"

/** The mode a new session would get, why, and whether that is less than the cluster asks for. */
const modeOf = (node: Node): string | null => {
  if (node.mode === null) return null
  const source = node.mode_source === null ? "" : ` (${node.mode_source})`
  return `${node.mode}${source}${node.weaker_than_cluster ? " WEAKER THAN CLUSTER" : ""}`
}

/** The labels that count, and what the node itself says where that is something else. */
const labelsOf = ({ labels, claimed_labels: claimed }: Node): string => {
  const shown = showLabels(labels) || "-"
  return claimed === null ? shown : `${shown} (it says ${showLabels(claimed) || "none"})`
}

const kindOf = ({ openssh }: Node): string =>
  openssh === null ? "agent" : `openssh ${openssh.address} (${openssh.logins.join(",")})`

const columns: Columns<Node> = {
  header: ["NAME", "KIND", "ONLINE", "MODE", "VERSION", "LAST SEEN", "LABELS"],
  row: (node) => [
    node.name,
    kindOf(node),
    node.online ? "yes" : "no",
    modeOf(node),
    node.version,
    node.last_seen_at,
    labelsOf(node),
  ],
}

/** Lists the cluster's nodes; those that record less than the cluster's setting are flagged. */
export const listNodes = Effect.fn("mezctl.nodes.ls")(function* (format: ListFormat) {
  const client = yield* adminHub
  yield* printList(Stream.fromIterable(yield* client.NodesList()), format, columns)
}, Effect.scoped)

/** Adds a machine without an agent, and tells which host key is pinned, to be compared where nobody gave it. */
export const addOpensshNode = Effect.fn("mezctl.nodes.add")(function* (wanted: {
  readonly openssh: NodeName
  readonly addr: string
  readonly logins: ReadonlyArray<Login>
  readonly hostKey: Option.Option<string>
  readonly labels: NodeLabels
}) {
  const { openssh: name, addr: address, logins, labels } = wanted
  const client = yield* adminHub
  const host_key = Option.getOrNull(wanted.hostKey)
  const pinned = yield* client.NodesAddOpenssh({ name, address, logins, host_key, labels })
  const [type = ""] = pinned.host_key.split(" ")
  yield* printLine(`${name} is added; its host key is ${type} ${pinned.fingerprint}`)
  if (host_key === null) {
    yield* warn(`this is what ${address} shows now: compare it with ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub there`)
  }
}, Effect.scoped)

/** Gives a node its labels, in the place of those that it had. */
export const labelNode = Effect.fn("mezctl.nodes.label")(function* (name: NodeName, labels: NodeLabels) {
  const client = yield* adminHub
  yield* client.NodesLabel({ name, labels })
}, Effect.scoped)

/** Removes a node from the cluster. */
export const removeNode = Effect.fn("mezctl.nodes.rm")(function* (name: NodeName) {
  const client = yield* adminHub
  yield* client.NodesRemove({ name })
}, Effect.scoped)
