import type { Identity } from "../../api/Identity.ts"
import { type AdminVerb, adminVerbs } from "../../domain/AdminVerb.ts"
import { everything, type Role, type RoleRules } from "../../domain/Role.ts"

/** What somebody may do in the cluster, apart from nodes: see `grantAccess`. */
export interface Permissions {
  readonly verbs: ReadonlySet<AdminVerb>
  /** Whose sessions and recordings. */
  readonly sessions: { readonly own: boolean; readonly others: boolean }
  /** The cluster's public keys, and the nodes that are in reach. */
  readonly member: boolean
}

const nothing: Permissions = { verbs: new Set(), sessions: { own: false, others: false }, member: false }

const all: Permissions = { verbs: new Set(adminVerbs), sessions: { own: true, others: true }, member: true }

const named = ({ admin }: RoleRules, verb: AdminVerb): boolean => admin.includes(everything) || admin.includes(verb)

const own = ({ recordings }: RoleRules): boolean => recordings !== "none"

const others = ({ recordings }: RoleRules): boolean => recordings === "all"

/** What those roles allow together, less what any of them denies. */
export const permissions = (roles: ReadonlyArray<Role>): Permissions => {
  const decided = (rule: (rules: RoleRules) => boolean): boolean =>
    roles.some(({ allow }) => rule(allow)) && !roles.some(({ deny }) => rule(deny))
  return {
    verbs: new Set(adminVerbs.filter((verb) => decided((rules) => named(rules, verb)))),
    sessions: { own: decided(own), others: decided(others) },
    member: roles.length > 0,
  }
}

/** What that caller may do through `ClusterRpcs`: nodes and hubs nothing, whoever holds the hub's unix socket everything. */
export const permissionsOf = (identity: Identity): Permissions => {
  switch (identity._tag) {
    case "LocalAdmin":
      return all
    case "User":
      return permissions(identity.roles)
    case "Node":
    case "Hub":
      return nothing
  }
}

/** Whether what is given is no more than the giver has: nobody raises themselves by making a user or a role. */
export const covers = (giver: Permissions, given: Permissions): boolean =>
  [...given.verbs].every((verb) => giver.verbs.has(verb)) &&
  (giver.sessions.own || !given.sessions.own) &&
  (giver.sessions.others || !given.sessions.others)
