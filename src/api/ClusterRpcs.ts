import { Rpc, RpcGroup } from "@effect/rpc"
import { Schema } from "effect"
import { mostGrantedLogins } from "../domain/AccessGrant.ts"
import { AuditEvent, AuditEventType } from "../domain/AuditEvent.ts"
import { AuditHead } from "../domain/AuditHead.ts"
import { DurationText } from "../domain/Durations.ts"
import { JoinTokenId, Login, NodeId, NodeName, RoleName, SessionId, UserName } from "../domain/Identifiers.ts"
import { LockId, LockTarget, Reason } from "../domain/Lock.ts"
import { NodeLabels } from "../domain/NodeLabels.ts"
import { RecordingMode, RecordingModeSource } from "../domain/RecordingMode.ts"
import { Role } from "../domain/Role.ts"
import { ApiError } from "./ApiError.ts"
import { Authentication } from "./Identity.ts"
import { Credentials } from "./PublicRpcs.ts"

const nullable = <A, I>(schema: Schema.Schema<A, I>) => Schema.NullOr(schema)

/** Times are RFC 3339 in UTC, everywhere in this file. */
export const User = Schema.Struct({
  name: UserName,
  roles: Schema.Array(RoleName),
  logins: Schema.Array(Login),
  created_at: Schema.String,
  /** Whether the invite was used. */
  activated: Schema.Boolean,
})
export type User = typeof User.Type

/** A machine without an agent, whose SSH server the hub itself logs in at. */
const OpensshMachine = Schema.Struct({
  /** `HOST:PORT`. */
  address: Schema.String,
  /** Those that it is used by, whatever else roles allow. */
  logins: Schema.Array(Login),
  /** `ssh-ed25519 AAAA…`: what its SSH server must show. */
  host_key: Schema.String,
})

export const Node = Schema.Struct({
  id: NodeId,
  name: NodeName,
  /** Null for one with an agent. */
  openssh: nullable(OpensshMachine),
  /** What access is decided by: the labels that it joined with, or was given since. */
  labels: NodeLabels,
  /** What its own variable says, where that differs. */
  claimed_labels: nullable(NodeLabels),
  online: Schema.Boolean,
  version: Schema.String,
  joined_at: Schema.String,
  last_seen_at: Schema.NullOr(Schema.String),
  mode: Schema.NullOr(RecordingMode),
  mode_source: Schema.NullOr(RecordingModeSource),
  /** The node's own variable promises less than the cluster's setting. */
  weaker_than_cluster: Schema.Boolean,
})
export type Node = typeof Node.Type

export const Session = Schema.Struct({
  session_id: SessionId,
  user: Schema.String,
  node: Schema.String,
  login: Schema.String,
  started_at: Schema.String,
  /** Null while it runs. */
  ended_at: Schema.NullOr(Schema.String),
  mode: RecordingMode,
  mode_source: RecordingModeSource,
  /** `active`, or how its recording ended; `unrecorded` where the mode is `off`. */
  status: Schema.Literal("active", "completed", "interrupted", "truncated", "unrecorded"),
  command: Schema.String,
  exit_code: Schema.NullOr(Schema.Int),
  exit_signal: Schema.NullOr(Schema.String),
  reason: Schema.String,
  /** Of the stored recording, in bytes and SHA-256 in hex; null until it is stored. */
  recording_bytes: Schema.NullOr(Schema.Int),
  recording_digest: Schema.NullOr(Schema.String),
  /** Who had it ended; null where nobody did. */
  ended_by: Schema.NullOr(Schema.String),
})
export type Session = typeof Session.Type

/** A lock; it names one of `user`, `node` and `login`. */
export const LockInfo = Schema.Struct({
  id: LockId,
  user: Schema.NullOr(Schema.String),
  node: Schema.NullOr(Schema.String),
  login: Schema.NullOr(Schema.String),
  reason: Schema.String,
  created_by: Schema.String,
  created_at: Schema.String,
  /** Null where it holds until it is removed. */
  expires_at: Schema.NullOr(Schema.String),
})
export type LockInfo = typeof LockInfo.Type

/** A token with which nodes join, without its secret. */
export const JoinToken = Schema.Struct({
  id: JoinTokenId,
  type: Schema.Literal("node"),
  created_by: Schema.String,
  created_at: Schema.String,
  expires_at: Schema.String,
  /** How many nodes may still join with it. */
  uses: Schema.Int,
  /** What these are labelled, whatever they say; null: what each says when it joins. */
  labels: nullable(NodeLabels),
})
export type JoinToken = typeof JoinToken.Type

/** A session's recording. */
export const Recording = Schema.Struct({
  ...Session.pick("session_id", "user", "node", "login", "started_at", "ended_at").fields,
  /** Grows; whole on a hub's disk, to be stored; in its place; on its way out of it; gone. */
  state: Schema.Literal("open", "kept", "stored", "deleting", "deleted"),
  /** Of the file, in bytes and SHA-256 in hex; null while it grows. */
  bytes: Schema.NullOr(Schema.Int),
  digest: Schema.NullOr(Schema.String),
  /** How often it could not be stored, and what happened last. */
  attempts: Schema.Int,
  trouble: Schema.NullOr(Schema.String),
  stored_at: Schema.NullOr(Schema.String),
  /** When it is deleted by itself; null: not as things are. */
  expires_at: Schema.NullOr(Schema.String),
  held_at: Schema.NullOr(Schema.String),
  held_by: Schema.NullOr(Schema.String),
  hold_reason: Schema.NullOr(Schema.String),
  deleted_at: Schema.NullOr(Schema.String),
  /** Null: its time was over. */
  deleted_by: Schema.NullOr(Schema.String),
})
export type Recording = typeof Recording.Type

export const Setting = Schema.Struct({ key: Schema.String, value: Schema.String })

/** An invite, to be shown once. */
const Invited = Schema.Struct({ user: User, invite: Schema.Redacted(Schema.String), expires_at: Schema.String })

/** What users and admins ask of the hub; each handler decides what its caller may see. */
export class ClusterRpcs extends RpcGroup.make(
  Rpc.make("UsersAdd", {
    payload: { name: UserName, roles: Schema.Array(RoleName), logins: Schema.Array(Login) },
    success: Invited,
    error: ApiError,
  }),
  /** Changes what isn't null. */
  Rpc.make("UsersUpdate", {
    payload: { name: UserName, roles: nullable(Schema.Array(RoleName)), logins: nullable(Schema.Array(Login)) },
    success: User,
    error: ApiError,
  }),
  /** A new invite: password, second factor and certificates of before are worth nothing any more. */
  Rpc.make("UsersReset", { payload: { name: UserName }, success: Invited, error: ApiError }),
  Rpc.make("UsersList", { success: Schema.Array(User), error: ApiError }),
  Rpc.make("UsersRemove", { payload: { name: UserName }, error: ApiError }),
  Rpc.make("AuthSign", {
    payload: { user: UserName, ttl: DurationText, public_key: Schema.String },
    success: Credentials,
    error: ApiError,
  }),
  Rpc.make("RolesList", { success: Schema.Array(Role), error: ApiError }),
  Rpc.make("RolesGet", { payload: { name: RoleName }, success: Role, error: ApiError }),
  /** `document`: see `Role`; the hub says in one line what is wrong with it. */
  Rpc.make("RolesCreate", { payload: { document: Schema.Unknown }, error: ApiError }),
  Rpc.make("RolesUpdate", { payload: { document: Schema.Unknown }, error: ApiError }),
  Rpc.make("RolesRemove", { payload: { name: RoleName }, error: ApiError }),
  Rpc.make("TokensAdd", {
    payload: {
      type: Schema.Literal("node"),
      ttl: DurationText,
      /** How many nodes may join with it. */
      uses: Schema.Int.pipe(Schema.between(1, 10_000)),
      /** What they are labelled, whatever they say; null: what each says when it joins. */
      labels: nullable(NodeLabels),
    },
    success: Schema.Struct({ token: Schema.Redacted(Schema.String), expires_at: Schema.String }),
    error: ApiError,
  }),
  Rpc.make("TokensList", { success: Schema.Array(JoinToken), error: ApiError }),
  Rpc.make("TokensRemove", { payload: { id: JoinTokenId }, error: ApiError }),
  /** Holds at once, for whatever its target has running too. */
  Rpc.make("LocksAdd", {
    payload: { target: LockTarget, ttl: nullable(DurationText), reason: Reason },
    success: LockInfo,
    error: ApiError,
  }),
  Rpc.make("LocksList", { success: Schema.Array(LockInfo), error: ApiError }),
  Rpc.make("LocksRemove", { payload: { id: LockId }, error: ApiError }),
  /** Adds a machine without an agent; it is given `labels`. */
  Rpc.make("NodesAddOpenssh", {
    payload: {
      name: NodeName,
      address: Schema.String.pipe(Schema.maxLength(300)),
      logins: Schema.Array(Login).pipe(Schema.minItems(1), Schema.maxItems(mostGrantedLogins)),
      /** `ssh-ed25519 AAAA…`, or a line of `known_hosts`; null: the hub asks the machine for it now. */
      host_key: nullable(Schema.String.pipe(Schema.maxLength(16_384))),
      labels: NodeLabels,
    },
    /** The host key that is pinned, and its fingerprint as `ssh-keygen -l` shows it. */
    success: Schema.Struct({ id: NodeId, host_key: Schema.String, fingerprint: Schema.String }),
    error: ApiError,
  }),
  Rpc.make("NodesList", { success: Schema.Array(Node), error: ApiError }),
  /** Its labels from then on; those that it had go. */
  Rpc.make("NodesLabel", { payload: { name: NodeName, labels: NodeLabels }, error: ApiError }),
  Rpc.make("NodesRemove", { payload: { name: NodeName }, error: ApiError }),
  Rpc.make("ConfigGet", { payload: { key: Schema.String }, success: Schema.String, error: ApiError }),
  Rpc.make("ConfigSet", { payload: { key: Schema.String, value: Schema.String }, error: ApiError }),
  Rpc.make("ConfigList", { success: Schema.Array(Setting), error: ApiError }),
  /** The newest first. */
  Rpc.make("AuditList", {
    payload: {
      type: nullable(AuditEventType),
      user: nullable(Schema.String),
      session_id: nullable(Schema.String),
      node: nullable(Schema.String),
      last: nullable(DurationText),
      limit: nullable(Schema.Int.pipe(Schema.positive())),
      /** Of enhanced recording: a program by its name, a path, which may end in `*`. */
      program: nullable(Schema.String),
      path: nullable(Schema.String),
    },
    success: AuditEvent,
    error: ApiError,
    stream: true,
  }),
  /**
   * Walks the chain, and looks whether it still goes through `known`, a head that it had once. `problem` is the first thing that
   * is wrong, in words that name the event; `events` and `head` tell how far all is well.
   */
  Rpc.make("AuditVerify", {
    payload: { known: nullable(AuditHead) },
    success: Schema.Struct({ events: Schema.Int, head: AuditHead, problem: nullable(Schema.String) }),
    error: ApiError,
  }),
  /** The newest first; of other people's sessions only what the caller may see. */
  Rpc.make("SessionsList", {
    payload: {
      user: nullable(Schema.String),
      node: nullable(Schema.String),
      last: nullable(DurationText),
      active: Schema.Boolean,
    },
    success: Session,
    error: ApiError,
    stream: true,
  }),
  /**
   * Ends a session that runs; its user reads the reason. Succeeds once it is over. `Conflict`: it is over already, or its node is
   * away, and will end it as soon as it is back.
   */
  Rpc.make("SessionsTerminate", { payload: { session_id: SessionId, reason: Reason }, error: ApiError }),
  /**
   * A recording's bytes, in order. `sealed`: the file as it is stored, which `verify` needs; else its payloads are in
   * clear and its seals left out, which players need and which no key of the caller's is asked for. `follow`: of a session that runs
   * also what is recorded from now on, until its end; in clear only.
   */
  Rpc.make("RecordingRead", {
    payload: { session_id: SessionId, sealed: Schema.Boolean, follow: Schema.Boolean },
    success: Schema.Uint8ArrayFromSelf,
    error: ApiError,
    stream: true,
  }),
  /**
   * The share of an encrypted recording's key that the hub keeps, in hex: with it and the master key a file of it can be read
   * without the hub. Null where it has none.
   */
  Rpc.make("RecordingKeyShare", {
    payload: { session_id: SessionId },
    success: nullable(Schema.Redacted(Schema.String)),
    error: ApiError,
  }),
  /** The newest first. */
  Rpc.make("RecordingsList", {
    payload: {
      /** Only those that are not in their place yet. */
      pending: Schema.Boolean,
      /** Only those that may not be deleted. */
      held: Schema.Boolean,
    },
    success: Recording,
    error: ApiError,
    stream: true,
  }),
  /** It is not deleted before it is released, neither when its time is over nor by anybody. */
  Rpc.make("RecordingsHold", { payload: { session_id: SessionId, reason: Reason }, error: ApiError }),
  Rpc.make("RecordingsRelease", { payload: { session_id: SessionId }, error: ApiError }),
  /** Deletes a recording that is stored; one that is encrypted can't be read from then on, whoever has a copy of it. */
  Rpc.make("RecordingsRemove", { payload: { session_id: SessionId, reason: Reason }, error: ApiError }),
  Rpc.make("CaExport", {
    payload: { type: Schema.Literal("user", "host") },
    success: Schema.String,
    error: ApiError,
  }),
).middleware(Authentication) {}
