import { Effect } from "effect"
import { paths } from "../api/transport/TunnelMessages.ts"
import { maxTunnelMessage } from "../api/transport/WebSocketDuplex.ts"
import { HttpRefusal } from "./HttpRefusal.ts"
import { NodeAuthenticator } from "./NodeAuthenticator.ts"
import { Tunnels } from "./Tunnels.ts"
import { bearerOf, type Upgrade, type UpgradeHandler } from "./Upgrade.ts"

/** An agent has nothing to say on its control connection: what it says ends it. */
const maxUnasked = 1_024

/**
 * Where agents connect. A node that is refused for good gets status 403, one that may try again 401 (its clock may be
 * wrong, or it is not known here yet).
 */
export const agentEndpoints = Effect.gen(function* () {
  const { authenticate } = yield* NodeAuthenticator
  const tunnels = yield* Tunnels

  const nodeOf = (upgrade: Upgrade) =>
    Effect.flatMap(bearerOf(upgrade), authenticate).pipe(
      Effect.catchTag("NodeRefused", ({ permanent, message }) =>
        Effect.fail(new HttpRefusal({ status: permanent ? 403 : 401, message })),
      ),
    )

  const control: UpgradeHandler = Effect.fn("AgentEndpoints.control")(function* (upgrade) {
    const node = yield* nodeOf(upgrade)
    yield* tunnels.addControl(node, yield* upgrade.accept({ maxPayload: maxUnasked }))
  })

  const tunnel: UpgradeHandler = Effect.fn("AgentEndpoints.tunnel")(function* (upgrade) {
    const node = yield* nodeOf(upgrade)
    yield* tunnels.addTunnel(node, yield* upgrade.accept({ maxPayload: maxTunnelMessage }))
  })

  return { [paths.control]: control, [paths.tunnel]: tunnel }
})
