import { Schema } from "effect"
import { Login, UserName } from "./Identifiers.ts"

/** Logins in one grant; a certificate has no more principals. */
export const mostGrantedLogins = 256

const named = <A, I>(schema: Schema.Schema<A, I>, key: string) =>
  Schema.propertySignature(schema).pipe(Schema.fromKey(key))

/**
 * What the hub lets a user do on one node, decided for one connection and told to the node with it. It only ever narrows what the
 * user's certificate allows: the node holds both against each other and goes by what both permit.
 */
export const AccessGrant = Schema.Struct({
  /** Must be the certificate's user. */
  user: UserName,
  /** The logins of that node that the user may use. */
  logins: Schema.Array(Login).pipe(Schema.maxItems(mostGrantedLogins)),
  portForwarding: named(Schema.Boolean, "port_forwarding"),
  /** `sftp`, `scp`, `rsync`. */
  fileTransfer: named(Schema.Boolean, "file_transfer"),
  agentForwarding: named(Schema.Boolean, "agent_forwarding"),
  /** How long a session may last, in milliseconds; null: without limit. */
  sessionTtlMs: named(Schema.NullOr(Schema.Int.pipe(Schema.positive())), "session_ttl_ms"),
})
export type AccessGrant = typeof AccessGrant.Type
