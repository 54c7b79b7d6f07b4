import type { Duration, Option } from "effect"
import type { Login } from "../../domain/Identifiers.ts"
import type { Role } from "../../domain/Role.ts"
import { allowedLogins, shortest } from "./GrantAccess.ts"

/** On what terms somebody with certain roles logs in. */
export interface LoginTerms {
  /** The logins that there may be on some node: the certificate's principals. */
  readonly logins: ReadonlyArray<Login>
  /** How long the login is good for at most; none: as the cluster's setting says. */
  readonly certificateTtl: Option.Option<Duration.Duration>
  /** Whether a code is asked for besides the password. */
  readonly secondFactor: boolean
}

/** The strictest terms that any of the roles sets. */
export const loginTerms = (roles: ReadonlyArray<Role>, own: ReadonlyArray<Login>): LoginTerms => ({
  logins: allowedLogins(roles, roles, own),
  certificateTtl: shortest(roles.map(({ options }) => options.certificateTtl)),
  secondFactor: roles.some(({ options }) => options.secondFactor === "required"),
})
