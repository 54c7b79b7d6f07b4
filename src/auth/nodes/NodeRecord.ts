import { Either } from "effect"
import { Invalid } from "../../api/ApiError.ts"
import type { Node } from "../../api/ClusterRpcs.ts"
import type { NodeId, NodeName } from "../../domain/Identifiers.ts"
import { isWeaker, type RecordingMode, type RecordingModeSource } from "../../domain/RecordingMode.ts"

/** A node's labels. */
export type Labels = Readonly<Record<string, string>>

/** A row of `nodes`; PostgreSQL gives its BIGINTs as text. */
export interface NodeRow {
  readonly id: NodeId
  readonly name: NodeName
  /** JSON. */
  readonly labels: string
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

const time = (ms: number | string) => new Date(Number(ms)).toISOString()

/** What is known beside a node's row. */
export interface NodeSurroundings {
  readonly online: ReadonlySet<NodeId>
  /** The cluster's `session_recording`. */
  readonly setting: RecordingMode
  readonly nowMs: number
}

/** The node as the API shows it. */
export const shownNode = (row: NodeRow, { online, setting, nowMs }: NodeSurroundings): Node => {
  const connected = online.has(row.id)
  const seen = connected ? nowMs : row.last_seen_ms
  return {
    id: row.id,
    name: row.name,
    labels: JSON.parse(row.labels) as Labels,
    online: connected,
    version: row.version,
    joined_at: time(row.joined_ms),
    last_seen_at: seen === null ? null : time(seen),
    mode: row.mode,
    mode_source: row.mode_source,
    weaker_than_cluster: row.mode !== null && row.mode_source === "env" && isWeaker(row.mode, setting),
  }
}

/** The labels, if a node may have them: 64 at most, keys and values short and without control characters. */
export const checkLabels = (labels: Labels): Either.Either<Labels, Invalid> => {
  const entries = Object.entries(labels)
  const good = ([key, value]: [string, string]) =>
    /^[A-Za-z0-9._/-]{1,63}$/.test(key) && /^[^\p{Cc}\p{Cs}]{0,255}$/u.test(value)
  return entries.length <= 64 && entries.every(good)
    ? Either.right(labels)
    : Either.left(
        new Invalid({
          message:
            "a node has 64 labels at most, with keys of 63 letters, digits, '.', '_', '/' or '-' and values of 255 characters",
        }),
      )
}
