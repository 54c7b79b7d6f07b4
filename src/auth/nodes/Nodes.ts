import { randomUUID } from "node:crypto"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Array as Arr, Clock, Context, Effect, Layer, Option, type Redacted } from "effect"
import { Conflict, type Invalid, NotFound, Unauthenticated } from "../../api/ApiError.ts"
import type { Node } from "../../api/ClusterRpcs.ts"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { NodeId, type NodeName } from "../../domain/Identifiers.ts"
import type { NodeLabels } from "../../domain/NodeLabels.ts"
import type { RecordingMode, RecordingModeSource } from "../../domain/RecordingMode.ts"
import { AuditLog } from "../audit/AuditLog.ts"
import { auditFailures } from "../audit/auditFailures.ts"
import { CertificateIssuer } from "../keys/CertificateIssuer.ts"
import { ClusterKeys } from "../keys/ClusterKeys.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { Settings } from "../settings/Settings.ts"
import { checkLabels } from "./checkLabels.ts"
import { checkNodeName } from "./checkNodeName.ts"
import { FailedJoins } from "./FailedJoins.ts"
import { JoinTokens } from "./JoinTokens.ts"
import { type ListedRow, labelsOf, type NodeRow, shownNode } from "./NodeRecord.ts"
import { OnlineNodes } from "./OnlineNodes.ts"

/** A node that wants to join. */
export interface JoinRequest {
  readonly token: Redacted.Redacted<string>
  readonly name: NodeName
  /** Where the token names none, access is decided by them from then on, whatever the node says later. */
  readonly labels: Readonly<Record<string, string>>
  readonly identityKey: string
  readonly hostKey: string
  readonly remoteAddress: string | null
}

/** What a node tells of itself at each start. */
export interface Registration {
  readonly version: string
  /** Shown to admins; what counts are those that it joined with. */
  readonly labels: Readonly<Record<string, string>>
  readonly mode: RecordingMode
  readonly modeSource: RecordingModeSource
  readonly hostKey: string
}

const wrongToken = new Unauthenticated({
  message: "the join token is wrong, used up or has expired: make a new one with `mezctl tokens add --type node`",
})

/** Ids in one query. */
const atOnce = 500

const gone = new NotFound({ message: "this node was removed from the cluster: join it anew" })

const missing = (name: string) => new NotFound({ message: `there is no node ${name}` })

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [audit, settings, tokens] = [yield* AuditLog, yield* Settings, yield* JoinTokens]
  const sessions = yield* Sessions
  const { clusterName } = yield* ClusterKeys
  const [issuer, connections] = [yield* CertificateIssuer, yield* OnlineNodes]
  const [failedJoins, auditFailed] = [new FailedJoins(), yield* auditFailures("node.join.failed")]

  const insert = Effect.fnUntraced(function* (request: JoinRequest, row: NodeRow) {
    const token = yield* tokens.use(request.token)
    if (Option.isNone(token)) return yield* wrongToken
    const labels = token.value.labels ?? labelsOf(row)
    const stored = { ...row, labels: JSON.stringify(labels) }
    const inserted = yield* sql`INSERT INTO nodes ${sql.insert(stored)} ON CONFLICT (name) DO NOTHING RETURNING id`
    if (inserted.length === 0) {
      const message = `there is a node ${row.name} already: choose another name, or remove it with \`mezctl nodes rm ${row.name}\``
      return yield* new Conflict({ message })
    }
    const detail = { node_id: row.id, labels }
    yield* audit.append(auditEvent("node.join", { node: row.name, remote_address: request.remoteAddress, detail }))
  })

  /** By what name is whoever fails called only by itself. */
  const failed = ({ name, remoteAddress }: JoinRequest, { message: reason }: Unauthenticated | Conflict) =>
    auditFailed({ remote_address: remoteAddress, detail: { name, reason } })

  const join = Effect.fn("Nodes.join")(function* (request: JoinRequest) {
    yield* failedJoins.check(request.remoteAddress)
    yield* checkNodeName(request.name, clusterName)
    const labels = yield* checkLabels(request.labels)
    const identity_key = yield* issuer.checkIdentityKey(request.identityKey)
    const row: NodeRow = {
      id: NodeId.make(randomUUID()),
      name: request.name,
      labels: JSON.stringify(labels),
      claimed_labels: JSON.stringify(labels),
      identity_key,
      host_key: request.hostKey,
      version: "",
      joined_ms: yield* Clock.currentTimeMillis,
      last_seen_ms: null,
      mode: null,
      mode_source: null,
    }
    // Nothing is signed for who has no token.
    const hostCertificate = yield* sql
      .withTransaction(Effect.zipRight(insert(request, row), issuer.host(request)))
      .pipe(
        Effect.tapErrorTag("Unauthenticated", () => failedJoins.note(request.remoteAddress)),
        Effect.tapErrorTag("Unauthenticated", (error) => failed(request, error)),
        Effect.tapErrorTag("Conflict", (error) => failed(request, error)),
      )
    return { id: row.id, hostCertificate }
  })

  const find = Effect.fn("Nodes.find")(function* (id: string) {
    const [row] = yield* sql<NodeRow>`SELECT * FROM nodes WHERE id = ${id}`
    return Option.fromNullable(row)
  })

  const named = Effect.fn("Nodes.named")(function* (name: NodeName) {
    const [row] = yield* sql<NodeRow>`SELECT * FROM nodes WHERE name = ${name}`
    return Option.fromNullable(row)
  })

  const register = Effect.fn("Nodes.register")(function* (id: NodeId, registration: Registration) {
    const labels = yield* checkLabels(registration.labels)
    const node = yield* Effect.flatMap(find(id), Option.match({ onNone: () => gone, onSome: Effect.succeed }))
    const hostCertificate = yield* issuer.host({ name: node.name, hostKey: registration.hostKey })
    yield* sql`UPDATE nodes SET ${sql.update({
      version: registration.version.replaceAll("\0", "").slice(0, 64),
      claimed_labels: JSON.stringify(labels),
      mode: registration.mode,
      mode_source: registration.modeSource,
      host_key: registration.hostKey,
      last_seen_ms: yield* Clock.currentTimeMillis,
    })} WHERE id = ${id}`
    return hostCertificate
  })

  const label = Effect.fn("Nodes.label")(function* (name: NodeName, labels: NodeLabels, by: string) {
    const relabelled = Effect.gen(function* () {
      // The row's lock comes first, so that of two changes at once the second tells what the first made.
      const [row] = yield* sql<NodeRow>`UPDATE nodes SET name = name WHERE name = ${name} RETURNING *`
      if (row === undefined) return yield* missing(name)
      yield* sql`UPDATE nodes SET labels = ${JSON.stringify(labels)} WHERE name = ${name}`
      const detail = { node_id: row.id, old: labelsOf(row), new: labels }
      yield* audit.append(auditEvent("node.update", { user: by, node: name, detail }))
    })
    yield* sql.withTransaction(relabelled)
  })

  const seen = Effect.fn("Nodes.seen")(function* (id: NodeId) {
    yield* sql`UPDATE nodes SET last_seen_ms = ${yield* Clock.currentTimeMillis} WHERE id = ${id}`
  })

  const list = Effect.gen(function* () {
    const surroundings = {
      online: yield* connections.online,
      setting: yield* settings.sessionRecording,
      nowMs: yield* Clock.currentTimeMillis,
    }
    const rows = yield* sql<ListedRow>`
      SELECT nodes.*, openssh.address, openssh.logins, openssh.target_key
      FROM nodes LEFT JOIN openssh_nodes AS openssh ON openssh.node_id = nodes.id ORDER BY name`
    return Arr.map(rows, (row) => shownNode(row, surroundings))
  }).pipe(Effect.withSpan("Nodes.list"))

  const remove = Effect.fn("Nodes.remove")(function* (name: NodeName, by: string) {
    const removed = Effect.gen(function* () {
      const [row] = yield* sql<{ id: NodeId }>`DELETE FROM nodes WHERE name = ${name} RETURNING id`
      if (row === undefined) return yield* missing(name)
      yield* sql`DELETE FROM openssh_nodes WHERE node_id = ${row.id}`
      yield* audit.append(auditEvent("node.leave", { user: by, node: name, detail: { node_id: row.id } }))
      yield* sessions.orderEnd({ kind: "node", name }, { by, reason: `node ${name} was removed from the cluster` })
    })
    yield* sql.withTransaction(removed)
  })

  const known = (ids: ReadonlyArray<NodeId>) =>
    sql<Pick<NodeRow, "id">>`SELECT id FROM nodes WHERE id IN ${sql.in(ids)}`

  const removed = Effect.fn("Nodes.removed")(function* (ids: ReadonlySet<NodeId>) {
    const rows = yield* Effect.forEach(Arr.chunksOf([...ids], atOnce), known)
    const there = new Set(rows.flat().map(({ id }) => id))
    return [...ids].filter((id) => !there.has(id))
  })

  return { join, register, label, seen, find, named, list, remove, removed }
})

/** The machines of the cluster. */
export class Nodes extends Context.Tag("mezite/auth/Nodes")<
  Nodes,
  {
    /** Gives the node its id and a certificate for its host key; a name is one node's until that one is removed. */
    readonly join: (
      request: JoinRequest,
    ) => Effect.Effect<
      { readonly id: NodeId; readonly hostCertificate: string },
      Unauthenticated | Conflict | Invalid | SqlError
    >
    /** Remembers what the node is now, and gives a fresh host certificate. */
    readonly register: (id: NodeId, registration: Registration) => Effect.Effect<string, NotFound | Invalid | SqlError>
    /** Access is decided by these labels from then on. `by`: who changes them, for the audit log. */
    readonly label: (name: NodeName, labels: NodeLabels, by: string) => Effect.Effect<void, NotFound | SqlError>
    /** The node was connected just now. */
    readonly seen: (id: NodeId) => Effect.Effect<void, SqlError>
    /** None for a node that was removed. */
    readonly find: (id: string) => Effect.Effect<Option.Option<NodeRow>, SqlError>
    readonly named: (name: NodeName) => Effect.Effect<Option.Option<NodeRow>, SqlError>
    readonly list: Effect.Effect<ReadonlyArray<Node>, SqlError>
    /** From then on its tokens are refused; its sessions are ordered to end. */
    readonly remove: (name: NodeName, by: string) => Effect.Effect<void, NotFound | SqlError>
    /** Of these nodes those that are not in the cluster any more. */
    readonly removed: (ids: ReadonlySet<NodeId>) => Effect.Effect<ReadonlyArray<NodeId>, SqlError>
  }
>() {
  static readonly layer = Layer.scoped(Nodes, make)
}
