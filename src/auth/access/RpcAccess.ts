import type { RpcGroup } from "@effect/rpc"
import { Effect } from "effect"
import { Forbidden } from "../../api/ApiError.ts"
import type { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import { CurrentIdentity, type Identity } from "../../api/Identity.ts"
import type { NodeRpcs } from "../../api/NodeRpcs.ts"
import type { AdminVerb } from "../../domain/AdminVerb.ts"
import { localAdmin } from "../../domain/Identifiers.ts"
import { type Permissions, permissionsOf } from "./Permissions.ts"

/** The calls of `ClusterRpcs`. */
export type ClusterRpc = RpcGroup.Rpcs<typeof ClusterRpcs>["_tag"]
/** The calls of `NodeRpcs`. */
export type NodeRpc = RpcGroup.Rpcs<typeof NodeRpcs>["_tag"]

/** What a call asks of its caller. */
interface Demand {
  /** What a role would have to allow, for people. */
  readonly takes: string
  readonly isMet: (caller: Permissions) => boolean
}

const may = (verb: AdminVerb): Demand => ({
  takes: `a role that allows ${verb}`,
  isMet: ({ verbs }) => verbs.has(verb),
})

const isMember: Demand = { takes: "a role", isMet: ({ member }) => member }

const seesSessions: Demand = {
  takes: "a role that allows recordings",
  isMet: ({ sessions }) => sessions.own || sessions.others,
}

/** What each call asks of its caller. */
export const rpcAccess: Readonly<Record<ClusterRpc, Demand>> = {
  UsersAdd: may("users:write"),
  UsersUpdate: may("users:write"),
  UsersReset: may("users:write"),
  UsersList: may("users:read"),
  UsersRemove: may("users:write"),
  AuthSign: may("users:sign"),
  RolesList: may("roles:read"),
  RolesGet: may("roles:read"),
  RolesCreate: may("roles:write"),
  RolesUpdate: may("roles:write"),
  RolesRemove: may("roles:write"),
  TokensAdd: may("tokens:write"),
  TokensList: may("tokens:read"),
  TokensRemove: may("tokens:write"),
  LocksAdd: may("locks:write"),
  LocksList: may("locks:read"),
  LocksRemove: may("locks:write"),
  NodesAddOpenssh: may("nodes:write"),
  NodesList: isMember,
  NodesLabel: may("nodes:write"),
  NodesRemove: may("nodes:write"),
  ConfigGet: may("settings:read"),
  ConfigSet: may("settings:write"),
  ConfigList: may("settings:read"),
  AuditList: may("audit:read"),
  AuditVerify: may("audit:read"),
  SessionsList: seesSessions,
  SessionsTerminate: may("sessions:terminate"),
  RecordingRead: seesSessions,
  RecordingKeyShare: seesSessions,
  RecordingsList: seesSessions,
  RecordingsHold: may("recordings:write"),
  RecordingsRelease: may("recordings:write"),
  RecordingsRemove: may("recordings:write"),
  CaExport: isMember,
}

/** Whether that caller may make that call at all; which sessions it then sees is `sessionScope`'s decision. */
export const mayCall = (rpc: ClusterRpc, identity: Identity): boolean => rpcAccess[rpc].isMet(permissionsOf(identity))

/** The caller, if it may make that call of `ClusterRpcs`. */
export const authorize = (rpc: ClusterRpc): Effect.Effect<Identity, Forbidden, CurrentIdentity> =>
  Effect.filterOrFail(
    CurrentIdentity,
    (identity) => mayCall(rpc, identity),
    (identity) =>
      new Forbidden({ message: `${nameOf(identity)} may not do this (${rpc}): it takes ${rpcAccess[rpc].takes}` }),
  )

const narrowed = (before: Permissions["sessions"], now: Permissions["sessions"]): boolean =>
  (before.own && !now.own) || (before.others && !now.others)

/**
 * Whether an answer that `asked` is being given may go on: `now`, the same caller by the roles of now, may still make that call,
 * and see every session that `asked` could.
 */
export const mayGoOn = (rpc: ClusterRpc, asked: Identity, now: Identity): Effect.Effect<void, Forbidden> =>
  mayCall(rpc, now) && !narrowed(permissionsOf(asked).sessions, permissionsOf(now).sessions)
    ? Effect.void
    : new Forbidden({ message: `your roles allow less than when you asked (${rpc}): ask again` })

/** The node that calls; every call of `NodeRpcs` is for nodes only. */
export const authorizeNode = (
  rpc: NodeRpc,
): Effect.Effect<Identity & { readonly _tag: "Node" }, Forbidden, CurrentIdentity> =>
  Effect.filterOrFail(
    CurrentIdentity,
    (identity) => identity._tag === "Node",
    () => new Forbidden({ message: `only a node may do this (${rpc})` }),
  )

/** Every call of `HubRpcs` is for hubs only. */
export const authorizeHub = (rpc: string): Effect.Effect<void, Forbidden, CurrentIdentity> =>
  Effect.flatMap(CurrentIdentity, ({ _tag }) =>
    _tag === "Hub" ? Effect.void : new Forbidden({ message: `only a hub of this cluster may do this (${rpc})` }),
  )

/** The caller's name in the audit log. */
export const nameOf = (identity: Identity): string => {
  switch (identity._tag) {
    case "LocalAdmin":
      return localAdmin
    case "User":
      return identity.user
    case "Node":
      return `node:${identity.name}`
    case "Hub":
      return `hub:${identity.id}`
  }
}
