import { join } from "node:path"
import { Effect } from "effect"
import { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import { localRpcClient } from "../../api/LocalRpcClient.ts"
import { CommandFailed } from "../CommandFailed.ts"

/** A client of the hub whose data directory this is, as its local admin, for as long as the scope. */
export const hubOnThisHost = (directory: string) =>
  localRpcClient(ClusterRpcs, join(directory, "hub.sock")).pipe(
    Effect.catchTag(
      "HubUnreachable",
      ({ message }) =>
        new CommandFailed({
          message: `${message}; this way takes the hub's user or root, and the hub's MEZITE_DATA_DIR; to act by a login, give --identity FILE`,
        }),
    ),
  )
