import type { User } from "../../api/ClusterRpcs.ts"
import type { Login, RoleName, UserName } from "../../domain/Identifiers.ts"

/** A row of `users`; PostgreSQL gives its BIGINTs as text. */
export interface UserRow {
  readonly name: string
  readonly roles: string
  readonly logins: string
  readonly password: string | null
  readonly created_ms: number | string
  readonly credentials_since_ms: number | string
}

/** A user as the hub knows it. */
export interface UserRecord {
  readonly name: UserName
  readonly roles: ReadonlyArray<RoleName>
  readonly logins: ReadonlyArray<Login>
  /** A hash of `Passwords`; null until the invite is used. */
  readonly password: string | null
  readonly createdMs: number
  /** Certificates that were issued before are worth nothing. */
  readonly credentialsSinceMs: number
}

/** The user that a row stores; what is stored was checked when it came in. */
export const userOf = (row: UserRow): UserRecord => ({
  name: row.name as UserName,
  roles: JSON.parse(row.roles) as ReadonlyArray<RoleName>,
  logins: JSON.parse(row.logins) as ReadonlyArray<Login>,
  password: row.password,
  createdMs: Number(row.created_ms),
  credentialsSinceMs: Number(row.credentials_since_ms),
})

/** The user as the API shows it. */
export const shownUser = (user: UserRecord): User => ({
  name: user.name,
  roles: user.roles,
  logins: user.logins,
  created_at: new Date(user.createdMs).toISOString(),
  activated: user.password !== null,
})
