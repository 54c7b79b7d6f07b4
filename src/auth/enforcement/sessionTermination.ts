import { type Duration, Effect, Option, Schedule } from "effect"
import { Conflict } from "../../api/ApiError.ts"
import type { NodeName, SessionId } from "../../domain/Identifiers.ts"
import { withReason } from "../../domain/Lock.ts"
import { Nodes } from "../nodes/Nodes.ts"
import { OnlineNodes } from "../nodes/OnlineNodes.ts"
import { Sessions } from "../sessions/Sessions.ts"
import { Enforcer } from "./Enforcer.ts"

/** How long a node may take: a program that ignores SIGHUP is killed only after a while, and then its recording ends. */
const limit = "10 seconds"

/** One that is not connected to this hub may be to another, which looks for orders once a second. */
const elsewhereLimit = "3 seconds"

/**
 * Ends one session by its id, in the name of `by`, and waits until it is over. `Conflict`: it is over already, or its node
 * has not ended it (yet): the order stays, and the node is told again and again.
 */
export const sessionTermination = Effect.gen(function* () {
  const [sessions, nodes, connections] = [yield* Sessions, yield* Nodes, yield* OnlineNodes]
  const enforcer = yield* Enforcer

  const over = (id: SessionId, within: Duration.DurationInput) =>
    Effect.repeat(sessions.get(id), {
      until: Option.exists(({ ended_ms }) => ended_ms !== null),
      schedule: Schedule.spaced("50 millis"),
    }).pipe(Effect.timeoutOption(within), Effect.map(Option.isSome))

  const isOnline = (name: NodeName) =>
    Effect.zipWith(nodes.named(name), connections.online, (node, online) =>
      Option.exists(node, ({ id }) => online.has(id)),
    )

  return Effect.fn("Sessions.terminate")(function* (id: SessionId, reason: string, by: string) {
    const { node } = yield* sessions.terminate(id, { by, reason: withReason(`terminated by ${by}`, reason) })
    yield* enforcer.now
    const isHere = yield* isOnline(node)
    if (yield* over(id, isHere ? limit : elsewhereLimit)) return
    const message = isHere
      ? `node ${node} was told to end session ${id}, and has not done so yet`
      : `node ${node} is offline: session ${id} ends as soon as it is back`
    return yield* new Conflict({ message })
  })
})
