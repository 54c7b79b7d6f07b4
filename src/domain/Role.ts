import { Duration, Option, Schema } from "effect"
import { AdminVerb } from "./AdminVerb.ts"
import { parseDuration } from "./Durations.ts"
import { Login, RoleName } from "./Identifiers.ts"
import { NodeSelector } from "./NodeSelector.ts"

/** Entries in one of a role's lists. */
export const mostRoleEntries = 64

/** In a role: all of them. */
export const everything = "*"

const named = <A, I>(schema: Schema.Schema<A, I>, initial: A, key: string) =>
  Schema.optionalWith(schema, { default: () => initial }).pipe(Schema.fromKey(key))

const list = <A, I>(item: Schema.Schema<A, I>, key: string) =>
  named(Schema.Array(item).pipe(Schema.maxItems(mostRoleEntries)), [], key)

const flag = (key: string) => named(Schema.Boolean, false, key)

/** Whose sessions and recordings: nobody's, one's own, everybody's. */
export const RecordingScope = Schema.Literal("none", "own", "all")
export type RecordingScope = typeof RecordingScope.Type

/** What a role allows, or what it denies. */
export const RoleRules = Schema.Struct({
  /** Accounts on nodes; `*`: where it is allowed the user's own logins, where it is denied every login. */
  logins: list(Schema.Union(Schema.Literal(everything), Login), "logins"),
  nodeLabels: list(NodeSelector, "node_labels"),
  portForwarding: flag("port_forwarding"),
  fileTransfer: flag("file_transfer"),
  agentForwarding: flag("agent_forwarding"),
  recordings: named(RecordingScope, "none", "recordings"),
  admin: list(Schema.Union(Schema.Literal(everything), AdminVerb), "admin"),
})
export type RoleRules = typeof RoleRules.Type

/** Rules that allow nothing, or deny nothing. */
export const nothingRuled: RoleRules = Schema.decodeSync(RoleRules)({})

const upTo = (maximum: Duration.DurationInput) =>
  Schema.NullOr(
    Schema.String.pipe(
      Schema.filter((text) => Option.exists(parseDuration(text), Duration.between({ minimum: "1 minute", maximum }))),
    ),
  )

/** Limits that hold for whoever has the role. */
export const RoleOptions = Schema.Struct({
  /** How long a session may last where this role lets somebody in; null: without limit. */
  sessionTtl: named(upTo("7 days"), null, "session_ttl"),
  /** How long a login is good for; null: as the cluster's setting says. */
  certificateTtl: named(upTo("30 days"), null, "certificate_ttl"),
  secondFactor: named(Schema.Literal("optional", "required"), "optional", "second_factor"),
})
export type RoleOptions = typeof RoleOptions.Type

/**
 * A role: what it allows, on which nodes, and what it denies to whoever has it, whatever other roles allow. What is left out is not
 * allowed, and not denied. Encoded, it is the document that `mezctl roles create -f` takes.
 */
export const Role = Schema.Struct({
  name: RoleName,
  description: named(Schema.String.pipe(Schema.maxLength(512)), "", "description"),
  allow: named(RoleRules, nothingRuled, "allow"),
  deny: named(RoleRules, nothingRuled, "deny"),
  options: named(RoleOptions, Schema.decodeSync(RoleOptions)({}), "options"),
})
export type Role = typeof Role.Type
/** The document, in full. */
export type RoleDocument = Required<typeof Role.Encoded>
