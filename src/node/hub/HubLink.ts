import type { Array as Arr, Effect } from "effect"
import type { BearerToken } from "../../api/BearerToken.ts"
import type { HubAddress } from "../../api/HubAddress.ts"
import type { HubTrust } from "../../api/HubTrust.ts"

/** One of the cluster's hubs, and why it is believed to be that. */
export interface HubLink {
  readonly hub: HubAddress
  readonly trust: HubTrust
}

/** How a node reaches its cluster. */
export interface HubLinks {
  /** The hubs that are known now, those first that the node is connected to. */
  readonly links: Effect.Effect<Arr.NonEmptyReadonlyArray<HubLink>>
  readonly token: Effect.Effect<BearerToken>
}
