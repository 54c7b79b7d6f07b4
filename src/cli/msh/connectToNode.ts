import type { Duplex } from "node:stream"
import { Effect, type Option } from "effect"
import { connectThroughHub } from "../../api/ConnectThroughHub.ts"
import { currentIdentity } from "./CurrentIdentity.ts"
import { trustOf } from "./HubClient.ts"

/** A byte stream to a node's SSH server, as the current user. */
export const connectToNode = Effect.fn("msh.connect")(function* (identityOption: Option.Option<string>, node: string) {
  const current = yield* currentIdentity(identityOption)
  const trust = yield* trustOf(current)
  const token = yield* current.token
  const stream: Duplex = yield* connectThroughHub({ hub: current.hub, trust, token, node })
  return { current, stream }
})
