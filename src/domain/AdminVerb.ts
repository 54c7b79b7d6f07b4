import { Schema } from "effect"

/** What an administrator may be let do, each by itself. */
export const AdminVerb = Schema.Literal(
  "audit:read",
  "locks:read",
  "locks:write",
  "nodes:read",
  "nodes:write",
  "recordings:write",
  "roles:read",
  "roles:write",
  "sessions:terminate",
  "settings:read",
  "settings:write",
  "tokens:read",
  "tokens:write",
  "users:read",
  "users:sign",
  "users:write",
)
export type AdminVerb = typeof AdminVerb.Type

/** All of them. */
export const adminVerbs: ReadonlyArray<AdminVerb> = AdminVerb.literals
