import { Duration, Effect, Option } from "effect"
import { RecordingIngest } from "../../auth/ingest/RecordingIngest.ts"
import { Admission } from "../../proxy/Admission.ts"
import { Gateways } from "../../proxy/agentless/Gateways.ts"
import { Tunnels } from "../../proxy/Tunnels.ts"
import { UserConnections } from "../../proxy/UserConnections.ts"

/** How long agents have to end what goes through this hub, and to finish its recordings. */
const endLimit = "5 seconds"

/**
 * Brings a hub to a stop: nothing new begins, and whoever comes is told so; sessions may come to an end by themselves until `limit`,
 * and their users know of it; then their agents end them, with the reason, and their recordings are put in their places.
 * Where nothing goes on, it completes at once.
 */
export const drainHub = Effect.fn("Hub.drain")(function* (limit: Duration.Duration) {
  const [admission, ingest] = [yield* Admission, yield* RecordingIngest]
  const [tunnels, gateways, users] = [yield* Tunnels, yield* Gateways, yield* UserConnections]
  yield* admission.close
  yield* ingest.close
  const idle = Effect.zipRight(users.idle, ingest.idle)
  if (Option.isSome(yield* Effect.timeoutOption(idle, 0))) return
  yield* Effect.logInfo(`stopping: what goes on here may come to an end for ${Duration.format(limit)}`)
  yield* Effect.zipRight(tunnels.stopping(limit), gateways.stopping(limit))
  if (Option.isSome(yield* Effect.timeoutOption(idle, limit))) return
  const everything = [{ everything: true }, "the hub is stopping"] as const
  yield* Effect.zipRight(tunnels.end(...everything), gateways.end(...everything))
  yield* Effect.timeoutOption(idle, endLimit)
})
