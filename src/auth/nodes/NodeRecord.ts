import type { Node } from "../../api/ClusterRpcs.ts"
import type { Login, NodeId, NodeName } from "../../domain/Identifiers.ts"
import type { NodeLabels } from "../../domain/NodeLabels.ts"
import { isWeaker, type RecordingMode, type RecordingModeSource } from "../../domain/RecordingMode.ts"

/** A row of `nodes`; PostgreSQL gives its BIGINTs as text. */
export interface NodeRow {
  readonly id: NodeId
  readonly name: NodeName
  /** JSON: what access is decided by. Pinned when the node joins; only an admin changes them. */
  readonly labels: string
  /** JSON: what the node itself said last. */
  readonly claimed_labels: string
  /** `ssh-ed25519 AAAA…`: signs the node's tokens. */
  readonly identity_key: string
  /** `ssh-ed25519 AAAA…`: what the node shows to SSH clients. */
  readonly host_key: string
  readonly version: string
  readonly joined_ms: number | string
  readonly last_seen_ms: number | string | null
  readonly mode: RecordingMode | null
  readonly mode_source: RecordingModeSource | null
}

/** What is known of a machine without an agent, beside its row of `nodes`. */
export interface OpensshRow {
  readonly node_id: NodeId
  /** `HOST:PORT` of its SSH server. */
  readonly address: string
  /** JSON: the logins that it is used by. */
  readonly logins: string
  /** `ssh-ed25519 AAAA…`: the host key that its SSH server must show. */
  readonly target_key: string
  /** PEM: the private half of the node's `identity_key`, which the hub holds for it. */
  readonly identity_private: string
  /** PEM: the same for its `host_key`. */
  readonly host_private: string
}

/** A node, and what makes it one without an agent. */
export interface ListedRow
  extends NodeRow,
    Pick<{ [K in keyof OpensshRow]: OpensshRow[K] | null }, "address" | "target_key"> {
  /** Of `openssh_nodes`. */
  readonly logins: string | null
}

const opensshOf = ({ address, logins, target_key: key }: ListedRow): Node["openssh"] =>
  address === null || logins === null || key === null
    ? null
    : { address, logins: JSON.parse(logins) as ReadonlyArray<Login>, host_key: key }

const time = (ms: number | string) => new Date(Number(ms)).toISOString()

/** What is known beside a node's row. */
export interface NodeSurroundings {
  readonly online: ReadonlySet<NodeId>
  /** The cluster's `session_recording`. */
  readonly setting: RecordingMode
  readonly nowMs: number
}

/** The labels that access is decided by. */
export const labelsOf = ({ labels }: Pick<NodeRow, "labels">): NodeLabels => JSON.parse(labels) as NodeLabels

const sameLabels = (a: NodeLabels, b: NodeLabels): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([key, value]) => Object.hasOwn(b, key) && b[key] === value)

/** The node as the API shows it. */
export const shownNode = (row: ListedRow, { online, setting, nowMs }: NodeSurroundings): Node => {
  const claimed = JSON.parse(row.claimed_labels) as NodeLabels
  const openssh = opensshOf(row)
  const connected = online.has(row.id)
  const seen = connected ? nowMs : row.last_seen_ms
  return {
    id: row.id,
    name: row.name,
    openssh,
    labels: labelsOf(row),
    claimed_labels: openssh !== null || sameLabels(labelsOf(row), claimed) ? null : claimed,
    online: connected,
    version: row.version,
    joined_at: time(row.joined_ms),
    last_seen_at: seen === null ? null : time(seen),
    mode: row.mode,
    mode_source: row.mode_source,
    weaker_than_cluster: row.mode !== null && row.mode_source === "env" && isWeaker(row.mode, setting),
  }
}
