import { Effect } from "effect"
import type { HubEntry } from "../../api/PublicRpcs.ts"
import { Hubs } from "../../auth/hubs/Hubs.ts"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import type { StorageConfig } from "./StorageConfig.ts"

/** Where there are several hubs, each has to be reachable by the others, and recordings where all find them. */
export const checkOthers = Effect.fn("Hub.checkOthers")(function* (entry: HubEntry | null, storage: StorageConfig) {
  const { id, living, solitary } = yield* Hubs
  const [alone] = yield* solitary
  const other = alone ?? (yield* living).find((hub) => hub.id !== id)
  if (other === undefined) return
  const serves = `the hub ${other.address === null ? other.id : `at ${other.address}`} serves this cluster too`
  if (storage._tag === "Filesystem") {
    return yield* new CommandFailed({
      message: `${serves}: recordings have to go where both find them (MEZITE_RECORDING_BACKEND=s3)`,
    })
  }
  if (entry === null) {
    return yield* new CommandFailed({
      message: `${serves}: set MEZITE_PUBLIC_ADDRESS to where agents, users and other hubs reach this one`,
    })
  }
  if (alone !== undefined) {
    return yield* new CommandFailed({
      message: `${serves}, and cannot beside another: set MEZITE_PUBLIC_ADDRESS and MEZITE_RECORDING_BACKEND=s3 there, and start it anew`,
    })
  }
})
