import type { AccessGrant } from "../../domain/AccessGrant.ts"
import type { UserIdentity } from "./Callers.ts"
import { permissions } from "./Permissions.ts"

/** What a user may do on a node; a user whose roles are not known may use no login. */
export const grantAccess = ({ user, roles, logins }: UserIdentity): AccessGrant => {
  const { member } = permissions(roles)
  return {
    user,
    logins: member ? logins : [],
    portForwarding: member,
    fileTransfer: member,
    agentForwarding: member,
    sessionTtlMs: null,
  }
}
