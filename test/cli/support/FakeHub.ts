import { join } from "node:path"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { RpcServer } from "@effect/rpc"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { Conflict, Invalid } from "../../../src/api/ApiError.ts"
import { ClusterRpcs, type LockInfo, type Node, type Recording, type Session } from "../../../src/api/ClusterRpcs.ts"
import { Authentication, Identity } from "../../../src/api/Identity.ts"
import { layerLocalHubMsgPack } from "../../../src/api/transport/msgPack.ts"
import { Login, NodeId, NodeName, RoleName, SessionId, UserName } from "../../../src/domain/Identifiers.ts"
import { Role } from "../../../src/domain/Role.ts"

export const session: Session = {
  session_id: SessionId.make("a1b2c3d4-e5f6-7890-abcd-ef1234567890"),
  user: "alice",
  node: "web-server-01",
  login: "ubuntu",
  started_at: "2026-04-11T10:28:35.120Z",
  ended_at: "2026-04-11T10:41:09.004Z",
  mode: "node-sync",
  mode_source: "cluster",
  status: "completed",
  command: "",
  exit_code: 0,
  exit_signal: null,
  reason: "",
  recording_bytes: 10,
  recording_digest: null,
  ended_by: null,
}

const recording: Recording = {
  session_id: session.session_id,
  user: session.user,
  node: session.node,
  login: session.login,
  started_at: session.started_at,
  ended_at: session.ended_at,
  state: "stored",
  bytes: 4096,
  digest: "ab".repeat(32),
  attempts: 0,
  trouble: null,
  stored_at: session.ended_at,
  expires_at: "2026-07-10T10:41:09.004Z",
  held_at: null,
  held_by: null,
  hold_reason: null,
  deleted_at: null,
  deleted_by: null,
}

const node: Node = {
  id: NodeId.make("5b0f2a6e-9f3c-4f34-9d65-2d3a8f5b7c11"),
  name: NodeName.make("web-1"),
  openssh: null,
  labels: { env: "prod" },
  claimed_labels: { env: "dev" },
  online: true,
  version: "0.1.0",
  joined_at: session.started_at,
  last_seen_at: null,
  mode: "node",
  mode_source: "env",
  weaker_than_cluster: true,
}

const openssh: Node = {
  ...node,
  name: NodeName.make("db-1"),
  openssh: { address: "10.0.0.5:22", logins: [Login.make("root")], host_key: "ssh-ed25519 AAAA" },
}

const role = Schema.decodeSync(Role)({
  name: "web-ops",
  description: "the web servers of production",
  allow: { logins: ["*", "deploy"], node_labels: ["env=prod,role=web"], recordings: "own", admin: ["audit:read"] },
  deny: { logins: ["root"] },
})
const lock: LockInfo = {
  id: "01ARZ3NDEKTSV4RRFFQ69G5FAV" as LockInfo["id"],
  user: null,
  node: null,
  login: null,
  reason: "",
  created_by: "local-admin",
  created_at: session.started_at,
  expires_at: null,
}

const cluster = {
  cluster: "mezite",
  version: "0.1.0",
  user_ca: "ssh-ed25519 AAAA",
  host_ca: "ssh-ed25519 AAAA",
  ssh_host_key: "ssh-ed25519 AAAA",
  ssh_port: 3023,
  recording_keys: [],
  hubs: [],
}

/** What a hub would answer, without anything behind it. */
const handlers = ClusterRpcs.toLayer({
  UsersAdd: ({ name, roles, logins }) =>
    Effect.succeed({
      user: { name, roles, logins, created_at: session.started_at, activated: false },
      invite: Redacted.make("INVITE"),
      expires_at: session.started_at,
    }),
  UsersUpdate: ({ name, roles, logins }) =>
    Effect.succeed({
      name,
      roles: roles ?? [],
      logins: logins ?? [],
      created_at: session.started_at,
      activated: true,
    }),
  UsersReset: ({ name }) =>
    Effect.succeed({
      user: { name, roles: [], logins: [], created_at: session.started_at, activated: false },
      invite: Redacted.make("NEW-INVITE"),
      expires_at: session.started_at,
    }),
  RolesList: () => Effect.succeed([role]),
  RolesGet: () => Effect.succeed(role),
  RolesCreate: ({ document }) => new Invalid({ message: `got ${JSON.stringify(document)}` }),
  RolesUpdate: () => Effect.void,
  RolesRemove: () => Effect.void,
  NodesLabel: () => Effect.void,
  UsersList: () => Effect.succeed([]),
  UsersRemove: () => Effect.void,
  AuthSign: ({ user }) =>
    Effect.succeed({
      user: UserName.make(user),
      certificate: "ssh-ed25519-cert-v01@openssh.com AAAA",
      expires_at: "2999-01-01T00:00:00.000Z",
      roles: [RoleName.make("dev")],
      logins: [Login.make("root")],
      cluster,
    }),
  TokensAdd: ({ uses, labels }) =>
    Effect.succeed({
      token: Redacted.make(`TOKEN${uses === 1 ? "" : `-FOR-${uses}`}${labels === null ? "" : JSON.stringify(labels)}`),
      expires_at: session.started_at,
    }),
  TokensList: () => Effect.succeed([]),
  TokensRemove: () => Effect.void,
  LocksAdd: ({ target, reason, ttl }) =>
    Effect.succeed({ ...lock, [target.kind]: target.name, reason, expires_at: ttl }),
  LocksList: () => Effect.succeed([{ ...lock, user: "alice", reason: "gone" }]),
  LocksRemove: () => Effect.void,
  SessionsTerminate: ({ session_id, reason }) => new Conflict({ message: `session ${session_id} is over: ${reason}` }),
  NodesAddOpenssh: ({ name, host_key, ...asked }) =>
    name === "told"
      ? new Invalid({ message: JSON.stringify({ host_key, ...asked }) })
      : Effect.succeed({ id: node.id, host_key: host_key ?? "ssh-ed25519 AAAA", fingerprint: "SHA256:abc" }),
  NodesList: () => Effect.succeed([node, openssh]),
  NodesRemove: () => Effect.void,
  ConfigGet: () => Effect.succeed("node-sync"),
  ConfigSet: ({ value }) =>
    value === "bogus" ? new Invalid({ message: "session_recording is node-sync, node or off" }) : Effect.void,
  ConfigList: () => Effect.succeed([{ key: "session_recording", value: "node-sync" }]),
  // As a hub does that is stopped meanwhile.
  AuditList: ({ limit }) => (limit === 1 ? Stream.fromEffect(Effect.interrupt) : Stream.empty),
  AuditVerify: () =>
    Effect.succeed({ events: 7, head: { count: 7, digest: "0".repeat(64) }, problem: "event 8 (01J) is wrong" }),
  SessionsList: ({ active }) => (active ? Stream.empty : Stream.make(session, { ...session, ended_at: null })),
  RecordingRead: () => Stream.make(Buffer.from("sealed "), Buffer.from("bytes")),
  RecordingKeyShare: () => Effect.succeed(null),
  RecordingsList: ({ pending, held }) =>
    Stream.make(
      ...(pending ? [] : [{ ...recording, held_at: recording.started_at, held_by: "carol", hold_reason: "case 7" }]),
      ...(held ? [] : [{ ...recording, state: "kept" as const, trouble: "the store is away", attempts: 3 }]),
    ),
  RecordingsHold: ({ session_id, reason }) => new Conflict({ message: `hold ${session_id} ${reason}` }),
  RecordingsRelease: ({ session_id }) => new Conflict({ message: `release ${session_id}` }),
  RecordingsRemove: ({ session_id, reason }) => new Conflict({ message: `remove ${session_id} ${reason}` }),
  CaExport: ({ type }) => Effect.succeed(`ssh-ed25519 ${type}\n`),
})

const localAdmin = Layer.succeed(Authentication, () => Effect.succeed(Identity.LocalAdmin()))

/** A hub's unix socket in this directory, for as long as the scope. */
export const fakeHub = (directory: string) =>
  Layer.build(
    RpcServer.layer(ClusterRpcs, { disableFatalDefects: true }).pipe(
      Layer.provide([handlers, localAdmin]),
      Layer.provide(RpcServer.layerProtocolSocketServer),
      Layer.provide([layerLocalHubMsgPack, NodeSocketServer.layer({ path: join(directory, "hub.sock") })]),
    ),
  )
