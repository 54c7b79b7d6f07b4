import { join } from "node:path"
import Database from "better-sqlite3"
import { Option } from "effect"
import { KeyShare } from "../../../src/recording/index.ts"
import type { Cluster } from "./Cluster.ts"

/** The share of a recording's key, as it stands in the database of the hub; none where the recording is in clear. */
export const keyShare = (cluster: Cluster, sessionId: string): KeyShare | undefined => {
  const database = new Database(join(cluster.hubDirectory, "hub.db"), { readonly: true })
  try {
    const row = database.prepare("SELECT share FROM recordings WHERE session_id = ?").get(sessionId)
    const share = (row as { readonly share?: string | null } | undefined)?.share ?? ""
    return Option.getOrUndefined(KeyShare.fromHex(share))
  } finally {
    database.close()
  }
}
