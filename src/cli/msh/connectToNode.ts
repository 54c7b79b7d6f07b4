import type { Duplex } from "node:stream"
import { Effect, type Option } from "effect"
import { atAnyHub } from "../../api/atAnyHub.ts"
import { connectThroughHub } from "../../api/ConnectThroughHub.ts"
import { currentIdentity } from "../CurrentIdentity.ts"
import { trustOf } from "../HubClient.ts"

/** A byte stream to a node's SSH server, as the current user, through a hub that has it. */
export const connectToNode = Effect.fn("msh.connect")(function* (identityOption: Option.Option<string>, node: string) {
  const current = yield* currentIdentity(identityOption)
  const stream: Duplex = yield* atAnyHub(current.hubs, (hub) =>
    Effect.gen(function* () {
      const trust = yield* trustOf(current, hub)
      return yield* connectThroughHub({ hub, trust, token: yield* current.token, node })
    }),
  )
  return { current, stream }
})
