import { homedir, userInfo } from "node:os"
import { join, resolve } from "node:path"
import { Config, Effect } from "effect"
import { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import { localRpcClient } from "../../api/LocalRpcClient.ts"
import { CommandFailed } from "../CommandFailed.ts"

const usualDirectory = userInfo().uid === 0 ? "/var/lib/mezite" : join(homedir(), ".local/share/mezite")

/** The hub's data directory: `MEZITE_DATA_DIR`, else `/var/lib/mezite` for root and `~/.local/share/mezite` otherwise. */
export const dataDirectory: Effect.Effect<string> = Config.nonEmptyString("MEZITE_DATA_DIR").pipe(
  Config.withDefault(usualDirectory),
  Effect.orDie,
  Effect.map((text) => resolve(text)),
)

/** A client of the hub on this host, as its local admin, for as long as the scope. */
export const hubOnThisHost = Effect.gen(function* () {
  const path = join(yield* dataDirectory, "hub.sock")
  return yield* localRpcClient(ClusterRpcs, path).pipe(
    Effect.catchTag(
      "HubUnreachable",
      ({ message }) =>
        new CommandFailed({
          message: `${message}; mezctl runs on the hub's host, as the hub's user or root, with the hub's MEZITE_DATA_DIR`,
        }),
    ),
  )
})
