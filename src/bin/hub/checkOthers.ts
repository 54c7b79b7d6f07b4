import { Effect, Option } from "effect"
import type { HubEntry } from "../../api/PublicRpcs.ts"
import { Hubs, type OtherHub } from "../../auth/hubs/Hubs.ts"
import type { KnownKeys } from "../../auth/hubs/KnownKeys.ts"
import { CommandFailed } from "../../cli/CommandFailed.ts"
import type { StorageConfig } from "./StorageConfig.ts"

/** How this hub serves. */
export interface OwnSettings {
  readonly entry: HubEntry | null
  readonly storage: Pick<StorageConfig, "_tag">
  readonly keys: KnownKeys
}

/** Whether a hub with those keys can't read what is encrypted with that one. */
const lacks = ({ all }: KnownKeys, key: string | null): key is string => key !== null && !all.includes(key)

/** What keeps this hub from serving beside the other, and how that is mended. */
const hindrance = ({ entry, storage, keys }: OwnSettings, other: OtherHub): Option.Option<string> => {
  if (storage._tag === "Filesystem") {
    return Option.some(": recordings have to go where both find them (MEZITE_RECORDING_BACKEND=s3)")
  }
  if (entry === null) {
    return Option.some(": set MEZITE_PUBLIC_ADDRESS to where agents, users and other hubs reach this one")
  }
  if (other.alone) {
    return Option.some(
      ", and cannot beside another: set MEZITE_PUBLIC_ADDRESS and MEZITE_RECORDING_BACKEND=s3 there, and start it anew",
    )
  }
  if (lacks(keys, other.keys.current)) {
    return Option.some(
      `, and encrypts recordings with the key ${other.keys.current}, which this one does not have: give it that as MEZITE_RECORDING_ENC_KEY, or as one of MEZITE_RECORDING_ENC_KEYS_OLD`,
    )
  }
  return lacks(other.keys, keys.current)
    ? Option.some(
        `, and does not have the key ${keys.current}, with which this one encrypts recordings: give it that as one of MEZITE_RECORDING_ENC_KEYS_OLD there, and start it anew`,
      )
    : Option.none()
}

/** Where there are several hubs, each has to be reachable by the others, and to find and read what they have recorded. */
export const checkOthers = Effect.fn("Hub.checkOthers")(function* (own: OwnSettings) {
  for (const other of yield* (yield* Hubs).others) {
    const problem = hindrance(own, other)
    if (Option.isNone(problem)) continue
    const where = other.address === null ? other.id : `at ${other.address}`
    return yield* new CommandFailed({ message: `the hub ${where} serves this cluster too${problem.value}` })
  }
})
