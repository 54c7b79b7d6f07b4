import { Array as Arr, Duration, Option } from "effect"
import { type AccessGrant, mostGrantedLogins } from "../../domain/AccessGrant.ts"
import { parseDuration } from "../../domain/Durations.ts"
import type { Login } from "../../domain/Identifiers.ts"
import type { NodeLabels } from "../../domain/NodeLabels.ts"
import { selects } from "../../domain/NodeSelector.ts"
import { everything, type Role, type RoleRules } from "../../domain/Role.ts"
import type { UserIdentity } from "./Callers.ts"

const named = ({ nodeLabels }: RoleRules, labels: NodeLabels): boolean =>
  nodeLabels.some((selector) => selects(selector, labels))

/** The logins that those roles allow, of the user's own and by name, less those that any of `all` denies. */
export const allowedLogins = (
  allowing: ReadonlyArray<Role>,
  all: ReadonlyArray<Role>,
  own: ReadonlyArray<Login>,
): ReadonlyArray<Login> => {
  const denied = new Set(all.flatMap(({ deny }) => deny.logins))
  if (denied.has(everything)) return []
  const allowed = allowing.flatMap(({ allow }) => allow.logins.flatMap((login) => (login === everything ? own : login)))
  return Arr.dedupe(allowed).filter((login) => !denied.has(login))
}

/** The shortest of some limits in a role's words; none where there is no limit. */
export const shortest = (limits: ReadonlyArray<string | null>): Option.Option<Duration.Duration> => {
  const lengths = limits.flatMap((text) => Option.toArray(Option.flatMap(Option.fromNullable(text), parseDuration)))
  return Arr.isNonEmptyArray(lengths) ? Option.some(Arr.min(lengths, Duration.Order)) : Option.none()
}

/**
 * What a user may do on a node with these labels. Only roles that allow that node count, but any role's denial does; a role
 * that denies the node denies all of it.
 */
export const grantAccess = ({ user, roles, logins }: UserIdentity, labels: NodeLabels): AccessGrant => {
  const denied = roles.some(({ deny }) => named(deny, labels))
  const allowing = denied ? [] : roles.filter(({ allow }) => named(allow, labels))
  const decided = (rule: (rules: RoleRules) => boolean): boolean =>
    allowing.some(({ allow }) => rule(allow)) && !roles.some(({ deny }) => rule(deny))
  return {
    user,
    // Nobody has a certificate for more: who is allowed more is not logged in.
    logins: allowedLogins(allowing, roles, logins).slice(0, mostGrantedLogins),
    portForwarding: decided(({ portForwarding }) => portForwarding),
    fileTransfer: decided(({ fileTransfer }) => fileTransfer),
    agentForwarding: decided(({ agentForwarding }) => agentForwarding),
    sessionTtlMs: Option.match(shortest(allowing.map(({ options }) => options.sessionTtl)), {
      onNone: () => null,
      onSome: Duration.toMillis,
    }),
  }
}
