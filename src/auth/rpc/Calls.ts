import type { RpcGroup } from "@effect/rpc"
import type { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import type { ClusterRpc } from "../access/RpcAccess.ts"

/** Handlers of some calls of `ClusterRpcs`. */
export type Calls<Tags extends ClusterRpc> = Pick<RpcGroup.HandlersFrom<RpcGroup.Rpcs<typeof ClusterRpcs>>, Tags>
