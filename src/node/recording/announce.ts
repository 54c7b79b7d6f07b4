import { Effect, Fiber, Random } from "effect"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { encodeHeaderEntry } from "../../recording/Header.ts"
import type { RecordingLost } from "../../session/RecordingSink.ts"
import { HubReturn } from "../hub/HubReturn.ts"
import { reconnectDelay } from "../hub/ReconnectDelay.ts"
import { HubRecorder } from "./HubRecorder.ts"

/**
 * Tells the hub of a session that it gets no frames of while it runs (`node`, `off`), for as long as this runs: a call with
 * nothing but the session's header is kept open. With it the hub audits the session's start and lists it as active; without
 * it, it knows after a while that the agent is lost. A hub that is away is told when it is back; the session waits for
 * nothing of this. Completes only where the hub refuses the session, or says that it is over.
 */
export const announce = Effect.fn("HubRecorder.announce")(function* (info: SessionInfo) {
  const recorder = yield* HubRecorder
  const hubReturn = yield* HubReturn
  const header = encodeHeaderEntry({ info, deflate: true })
  let failures = 0

  const held = Effect.gen(function* () {
    const { call, opening } = yield* recorder.open(header)
    if (opening._tag === "Whole") return
    failures = 0
    return yield* Effect.raceFirst(call.durable.failure, call.silence)
  }).pipe(Effect.scoped)

  const wait = (lost: RecordingLost, back: Effect.Effect<void>) =>
    Effect.gen(function* () {
      if (failures === 0) yield* Effect.logInfo(`the session is announced to the hub later: ${lost.message}`)
      const delay = reconnectDelay(failures, yield* Random.next)
      failures += 1
      yield* Effect.raceFirst(Effect.sleep(delay), back)
    })

  // Listens from before it tries: a hub that comes back during an attempt that fails is not told of by a long wait.
  const attempt = Effect.gen(function* () {
    const back = yield* Effect.forkScoped(hubReturn.next)
    return yield* Effect.tapError(held, (lost) => (lost.refused ? Effect.void : wait(lost, Fiber.join(back))))
  }).pipe(Effect.scoped)

  return yield* attempt.pipe(
    Effect.retry({ while: (lost) => !lost.refused }),
    Effect.catchAll(({ message }) => Effect.logWarning(`the session cannot be announced to the hub: ${message}`)),
  )
})
