import { Effect, Option } from "effect"
import { ClusterRpcs } from "../../api/ClusterRpcs.ts"
import { hubRpcClient } from "../../api/HubRpcClient.ts"
import { learnHubTrust } from "../../api/LearnHubTrust.ts"
import { type Current, currentIdentity } from "./CurrentIdentity.ts"

/** How the hub of an identity is trusted: by its pin, checked anew each time, or by the system's authorities. */
export const trustOf = ({ hub, identity }: Current) => learnHubTrust(hub, Option.fromNullable(identity.ca_pin))

/** A client of the hub as the current user, for as long as the scope. */
export const hubClient = Effect.fn("HubClient.open")(function* (identityOption: Option.Option<string>) {
  const current = yield* currentIdentity(identityOption)
  const trust = yield* trustOf(current)
  return yield* hubRpcClient(ClusterRpcs, { hub: current.hub, trust, token: Option.some(current.token) })
})
