import { Schema } from "effect"
import { Role } from "../../domain/Role.ts"

const everywhere = {
  logins: ["*"],
  node_labels: ["*"],
  port_forwarding: true,
  file_transfer: true,
  agent_forwarding: true,
} as const

const role = Schema.decodeSync(Role)

/** The roles that every cluster has; they can be neither changed nor removed. */
export const builtInRoles: ReadonlyArray<Role> = [
  role({
    name: "admin",
    description: "administers the cluster, sees everything, and uses their own logins on every node",
    allow: { ...everywhere, recordings: "all", admin: ["*"] },
  }),
  role({
    name: "auditor",
    description: "sees all sessions, recordings and the audit log, and changes nothing",
    allow: { recordings: "all", admin: ["audit:read", "locks:read", "nodes:read", "roles:read", "users:read"] },
  }),
  role({
    name: "user",
    description: "uses their own logins on every node, and sees their own sessions",
    allow: { ...everywhere, recordings: "own" },
  }),
]
