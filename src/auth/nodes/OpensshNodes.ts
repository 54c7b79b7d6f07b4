import { randomUUID } from "node:crypto"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Clock, Context, Effect, Layer, Option, Redacted } from "effect"
import { Conflict, type Invalid, type Unavailable } from "../../api/ApiError.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { type Login, NodeId, type NodeName } from "../../domain/Identifiers.ts"
import type { NodeLabels } from "../../domain/NodeLabels.ts"
import { showTargetAddress, type TargetAddress } from "../../domain/TargetAddress.ts"
import { fingerprint, parsePublicKeyLine, publicKeyBlob, publicKeyLine } from "../../ssh/OpenSshKey.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { newPrivateKeyPem, signingKey } from "../keys/SigningKey.ts"
import { checkNodeName } from "./checkNodeName.ts"
import type { NodeRow, OpensshRow } from "./NodeRecord.ts"
import { givenTargetKey, scannedTargetKey, targetAddress } from "./targetKey.ts"

/** A machine without an agent, to be added. */
export interface OpensshRequest {
  readonly name: NodeName
  readonly address: string
  readonly logins: ReadonlyArray<Login>
  /** None: whatever it shows now. */
  readonly hostKey: Option.Option<string>
  readonly labels: NodeLabels
}

/** A machine without an agent, and what the hub needs in order to serve it as a node. */
export interface OpensshNode {
  readonly id: NodeId
  readonly name: NodeName
  readonly address: TargetAddress
  readonly logins: ReadonlyArray<Login>
  /** The blob of the host key that it must show. */
  readonly targetKey: Uint8Array
  /** PEM: signs the node's tokens. */
  readonly identityKey: Redacted.Redacted<string>
  /** PEM: shown to SSH clients. */
  readonly hostKey: Redacted.Redacted<string>
}

type JoinedRow = OpensshRow & Pick<NodeRow, "name">

const nodeOf = (row: JoinedRow): Effect.Effect<OpensshNode> =>
  Effect.gen(function* () {
    return {
      id: row.node_id,
      name: row.name,
      address: yield* targetAddress(row.address),
      logins: JSON.parse(row.logins) as ReadonlyArray<Login>,
      targetKey: publicKeyBlob(yield* parsePublicKeyLine(row.target_key)),
      identityKey: Redacted.make(row.identity_private),
      hostKey: Redacted.make(row.host_private),
    }
  }).pipe(Effect.orDie)

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const { clusterName } = yield* ClusterKeys

  const insert = Effect.fnUntraced(function* (node: NodeRow, openssh: OpensshRow) {
    const inserted = yield* sql`INSERT INTO nodes ${sql.insert({ ...node })} ON CONFLICT (name) DO NOTHING RETURNING id`
    if (inserted.length === 0) {
      const message = `there is a node ${node.name} already: choose another name, or remove it with \`mezctl nodes rm ${node.name}\``
      return yield* new Conflict({ message })
    }
    yield* sql`INSERT INTO openssh_nodes ${sql.insert({ ...openssh })}`
  })

  const add = Effect.fn("OpensshNodes.add")(function* (request: OpensshRequest, by: string) {
    const { name, logins, labels } = request
    yield* checkNodeName(name, clusterName)
    const address = yield* targetAddress(request.address)
    const key = yield* Option.match(request.hostKey, {
      onNone: () => scannedTargetKey(address),
      onSome: givenTargetKey,
    })
    const id = NodeId.make(randomUUID())
    const [identity, host] = [newPrivateKeyPem(), newPrivateKeyPem()]
    const node: NodeRow = {
      id,
      name,
      labels: JSON.stringify(labels),
      claimed_labels: JSON.stringify(labels),
      identity_key: signingKey(identity).publicLine,
      host_key: signingKey(host).publicLine,
      version: "",
      joined_ms: yield* Clock.currentTimeMillis,
      last_seen_ms: null,
      mode: null,
      mode_source: null,
    }
    const pinned = { host_key: publicKeyLine(key), fingerprint: fingerprint(publicKeyBlob(key)) }
    const openssh: OpensshRow = {
      node_id: id,
      address: showTargetAddress(address),
      logins: JSON.stringify(logins),
      target_key: pinned.host_key,
      identity_private: Redacted.value(identity),
      host_private: Redacted.value(host),
    }
    const detail = {
      ...{ node_id: id, labels, address: openssh.address, logins, host_key: pinned.fingerprint },
      host_key_from: Option.isSome(request.hostKey) ? "admin" : "machine",
    }
    yield* insert(node, openssh).pipe(
      Effect.zipRight(audit.append(auditEvent("node.join", { user: by, node: name, detail }))),
      sql.withTransaction,
    )
    return { id, ...pinned }
  })

  const joined = sql`SELECT openssh_nodes.*, nodes.name FROM openssh_nodes JOIN nodes ON nodes.id = openssh_nodes.node_id`

  const find = Effect.fn("OpensshNodes.find")(function* (id: NodeId) {
    const [row] = yield* sql<JoinedRow>`${joined} WHERE node_id = ${id}`
    return yield* Effect.transposeOption(Option.map(Option.fromNullable(row), nodeOf))
  })

  const ids = Effect.map(sql<Pick<OpensshRow, "node_id">>`SELECT node_id FROM openssh_nodes`, (rows) =>
    rows.map((row) => row.node_id),
  )

  return { add, find, ids }
})

/** Machines without an agent, whose SSH servers trust the cluster's user authority: nodes whose keys the hub holds. */
export class OpensshNodes extends Context.Tag("mezite/auth/OpensshNodes")<
  OpensshNodes,
  {
    /** Pins the machine's host key, and makes the node's own. `by`: who adds it, for the audit log. */
    readonly add: (
      request: OpensshRequest,
      by: string,
    ) => Effect.Effect<
      {
        readonly id: NodeId
        /** `ssh-ed25519 AAAA…` of the machine. */
        readonly host_key: string
        readonly fingerprint: string
      },
      Conflict | Invalid | Unavailable | SqlError
    >
    readonly find: (id: NodeId) => Effect.Effect<Option.Option<OpensshNode>, SqlError>
    readonly ids: Effect.Effect<ReadonlyArray<NodeId>, SqlError>
  }
>() {
  static readonly layer: Layer.Layer<OpensshNodes, never, SqlClient.SqlClient | AuditLog | ClusterKeys> = Layer.effect(
    OpensshNodes,
    make,
  )
}
