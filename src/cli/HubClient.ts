import { Effect, Option } from "effect"
import { atAnyHub } from "../api/atAnyHub.ts"
import { ClusterRpcs } from "../api/ClusterRpcs.ts"
import type { HubAddress } from "../api/HubAddress.ts"
import { hubRpcClient } from "../api/HubRpcClient.ts"
import { learnHubTrust } from "../api/LearnHubTrust.ts"
import { type Current, currentIdentity } from "./CurrentIdentity.ts"

/** How a hub of an identity is trusted: by its pin, checked anew each time, or by the system's authorities. */
export const trustOf = ({ identity }: Current, hub: HubAddress) =>
  learnHubTrust(hub, Option.fromNullable(identity.ca_pin))

/** A client of a hub that answers, as the current user, for as long as the scope. */
export const hubClient = Effect.fn("HubClient.open")(function* (identityOption: Option.Option<string>) {
  const current = yield* currentIdentity(identityOption)
  return yield* atAnyHub(current.hubs, (hub) =>
    Effect.flatMap(trustOf(current, hub), (trust) =>
      hubRpcClient(ClusterRpcs, { hub, trust, token: Option.some(current.token) }),
    ),
  )
})
