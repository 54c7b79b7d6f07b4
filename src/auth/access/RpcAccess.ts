import type { RpcGroup } from "@effect/rpc"
import { Effect } from "effect"
import { Forbidden } from "../../api/ApiError.ts"
import type { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import { CurrentIdentity, type Identity } from "../../api/Identity.ts"
import type { NodeRpcs } from "../../api/NodeRpcs.ts"
import { type Permissions, permissionsOf } from "./Permissions.ts"

/** The calls of `ClusterRpcs`. */
export type ClusterRpc = RpcGroup.Rpcs<typeof ClusterRpcs>["_tag"]
/** The calls of `NodeRpcs`. */
export type NodeRpc = RpcGroup.Rpcs<typeof NodeRpcs>["_tag"]

/** What each call asks of its caller. */
export const rpcAccess: Readonly<Record<ClusterRpc, (caller: Permissions) => boolean>> = {
  UsersAdd: (caller) => caller.administer,
  UsersList: (caller) => caller.administer,
  UsersRemove: (caller) => caller.administer,
  AuthSign: (caller) => caller.administer,
  TokensAdd: (caller) => caller.administer,
  NodesList: (caller) => caller.member,
  NodesRemove: (caller) => caller.administer,
  ConfigGet: (caller) => caller.administer,
  ConfigSet: (caller) => caller.administer,
  ConfigList: (caller) => caller.administer,
  AuditList: (caller) => caller.audit,
  AuditVerify: (caller) => caller.audit,
  SessionsList: (caller) => caller.sessions !== "none",
  RecordingRead: (caller) => caller.sessions !== "none",
  CaExport: (caller) => caller.member,
}

/** Whether that caller may make that call at all; which sessions it then sees is `visibleTo`'s decision. */
export const mayCall = (rpc: ClusterRpc, identity: Identity): boolean => rpcAccess[rpc](permissionsOf(identity))

/** The caller, if it may make that call of `ClusterRpcs`. */
export const authorize = (rpc: ClusterRpc): Effect.Effect<Identity, Forbidden, CurrentIdentity> =>
  Effect.filterOrFail(
    CurrentIdentity,
    (identity) => mayCall(rpc, identity),
    () =>
      new Forbidden({ message: `you are not allowed to do this (${rpc}); an admin could give you the role for it` }),
  )

/** The node that calls; every call of `NodeRpcs` is for nodes only. */
export const authorizeNode = (
  rpc: NodeRpc,
): Effect.Effect<Identity & { readonly _tag: "Node" }, Forbidden, CurrentIdentity> =>
  Effect.filterOrFail(
    CurrentIdentity,
    (identity) => identity._tag === "Node",
    () => new Forbidden({ message: `only a node may do this (${rpc})` }),
  )

/** Whether a session of `user` exists as far as that caller may know. */
export const visibleTo = (identity: Identity, user: string): boolean => {
  const { sessions } = permissionsOf(identity)
  return sessions === "all" || (sessions === "own" && identity._tag === "User" && identity.user === user)
}

/** The caller's name in the audit log. */
export const nameOf = (identity: Identity): string => {
  switch (identity._tag) {
    case "LocalAdmin":
      return "local-admin"
    case "User":
      return identity.user
    case "Node":
      return `node:${identity.name}`
  }
}
