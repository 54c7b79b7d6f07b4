import type { Identity } from "../../api/Identity.ts"
import type { RoleName } from "../../domain/Identifiers.ts"

/** What somebody may do in the cluster. */
export interface Permissions {
  /** Users, tokens, nodes and settings. */
  readonly administer: boolean
  /** The audit log. */
  readonly audit: boolean
  /** Whose sessions and recordings. */
  readonly sessions: "all" | "own" | "none"
  /** The cluster's nodes and public keys. */
  readonly member: boolean
}

const nothing: Permissions = { administer: false, audit: false, sessions: "none", member: false }

/** The roles that are built in, and what each of them grants. */
export const builtInRoles: Readonly<Record<string, Permissions>> = {
  admin: { administer: true, audit: true, sessions: "all", member: true },
  auditor: { administer: false, audit: true, sessions: "all", member: true },
  user: { administer: false, audit: false, sessions: "own", member: true },
}

const wider = (a: Permissions["sessions"], b: Permissions["sessions"]): Permissions["sessions"] =>
  a === "all" || b === "all" ? "all" : a === "own" || b === "own" ? "own" : "none"

/** What those roles grant together; a role that isn't known grants nothing. */
export const permissions = (roles: ReadonlyArray<RoleName>): Permissions =>
  roles
    .map((role) => (Object.hasOwn(builtInRoles, role) ? (builtInRoles[role] ?? nothing) : nothing))
    .reduce(
      (all, role) => ({
        administer: all.administer || role.administer,
        audit: all.audit || role.audit,
        sessions: wider(all.sessions, role.sessions),
        member: all.member || role.member,
      }),
      nothing,
    )

/** What that caller may do through `ClusterRpcs`: a node nothing, whoever holds the hub's unix socket everything. */
export const permissionsOf = (identity: Identity): Permissions => {
  switch (identity._tag) {
    case "LocalAdmin":
      return permissions(["admin" as RoleName])
    case "User":
      return permissions(identity.roles)
    case "Node":
      return nothing
  }
}
