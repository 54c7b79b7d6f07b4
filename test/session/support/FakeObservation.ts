import { Effect, Mailbox } from "effect"
import { FrameKind } from "../../../src/domain/Frame.ts"
import type { Observation, Observed } from "../../../src/session/Observation.ts"
import type { RecordingLost } from "../../../src/session/RecordingSink.ts"

/** A source of events that says what the test says, and remembers that it was told to stop. */
export const fakeObservation = Effect.gen(function* () {
  const seen = yield* Mailbox.make<Observed, RecordingLost>()
  const state = { stopped: false }
  const observation: Observation = {
    events: () => Mailbox.toStream(seen),
    stop: Effect.suspend(() => {
      state.stopped = true
      return Effect.asVoid(seen.end)
    }),
  }
  const sees = (text: string): void => void seen.unsafeOffer({ kind: FrameKind.Exec, payload: Buffer.from(text) })
  return { observation, state, sees, fails: (lost: RecordingLost) => Effect.runSync(seen.fail(lost)) }
})
