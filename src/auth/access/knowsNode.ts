import type { Identity } from "../../api/Identity.ts"
import type { NodeLabels } from "../../domain/NodeLabels.ts"
import { grantAccess } from "./GrantAccess.ts"
import { permissionsOf } from "./Permissions.ts"

/** Whether a node with these labels exists as far as that caller may know: where there is a login for it, or to see all nodes. */
export const knowsNode = (identity: Identity, labels: NodeLabels): boolean =>
  permissionsOf(identity).verbs.has("nodes:read") ||
  (identity._tag === "User" && grantAccess(identity, labels).logins.length > 0)
