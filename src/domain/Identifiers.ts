import { Schema } from "effect"

/** A session's id: a UUID in lower case, chosen by the agent, unique in the cluster. */
export const SessionId = Schema.String.pipe(
  Schema.pattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, {
    message: () => "a session id is a UUID in lower case",
  }),
  Schema.brand("SessionId"),
)
export type SessionId = typeof SessionId.Type

/** A Mezite user, a person or a machine; also the key id of the user's certificates. */
export const UserName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, {
    message: () => "a user name has 1 to 64 letters, digits, '.', '_', '@' or '-', and begins with a letter or digit",
  }),
  Schema.brand("UserName"),
)
export type UserName = typeof UserName.Type

/** Whoever is at the hub's unix socket, in the audit log: no user is called so. */
export const localAdmin = "local-admin"

/** An account on a node; a principal in a user certificate (useradd(8) decides what is allowed). */
export const Login = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, {
    message: () => "a login has 1 to 32 letters, digits, '_', '.' or '-', and begins with a letter or '_'",
  }),
  Schema.brand("Login"),
)
export type Login = typeof Login.Type

/** A node's name, unique in the cluster; a host name of one or more labels (RFC 1123) in lower case. */
export const NodeName = Schema.String.pipe(
  Schema.pattern(/^(?=.{1,128}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/, {
    message: () => "a node name is a host name in lower case: letters, digits, '-' and '.'",
  }),
  Schema.brand("NodeName"),
)
export type NodeName = typeof NodeName.Type

/** A node's identity: a UUID given out when it joins, and never again. */
export const NodeId = Schema.UUID.pipe(Schema.brand("NodeId"))
export type NodeId = typeof NodeId.Type

/** A hub's identity: a UUID that it makes at its first start, and keeps in its data directory. */
export const HubId = Schema.UUID.pipe(Schema.brand("HubId"))
export type HubId = typeof HubId.Type

/** A role's name. */
export const RoleName = Schema.String.pipe(
  Schema.pattern(/^[a-z0-9][a-z0-9_-]{0,63}$/, {
    message: () => "a role has 1 to 64 lower-case letters, digits, '_' or '-'",
  }),
  Schema.brand("RoleName"),
)
export type RoleName = typeof RoleName.Type

/** What names a join token, and proves nothing: a ULID (github.com/ulid/spec). */
export const JoinTokenId = Schema.String.pipe(
  Schema.pattern(/^[0-9A-HJKMNP-TV-Z]{26}$/, { message: () => "a token's id is what `mezctl tokens ls` shows" }),
  Schema.brand("JoinTokenId"),
)
export type JoinTokenId = typeof JoinTokenId.Type
