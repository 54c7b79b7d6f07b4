import { Clock, Effect, Option, Stream } from "effect"
import { type Frame, FrameKind } from "../domain/Frame.ts"
import { EventLines, holdsEvents, type ShownEvents } from "./EventLines.ts"
import { PlayerRun } from "./internal/PlayerRun.ts"
import type { KeyBuffer } from "./KeyBuffer.ts"
import type { OutputLost } from "./OutputLost.ts"
import { startClock } from "./PlaybackClock.ts"
import type { PlayerScreen } from "./PlayerScreen.ts"
import type { TimelineOptions } from "./Timeline.ts"

/** What is played, how, and where. */
export interface Playback<E> extends TimelineOptions {
  /** From the session's start; run again for each step back, so that nothing need be held. */
  readonly frames: Stream.Stream<Frame, E>
  /** 1 is as fast as it happened. */
  readonly speed: number
  readonly screen: PlayerScreen
  readonly keys: KeyBuffer
  /** Which events of enhanced recording are shown beside. */
  readonly events: ShownEvents
}

/** How playing ended: at the recording's end, or by a key (`q`, `^C`). */
export type PlaybackEnd = "finished" | "quit" | "interrupted"

const shown: ReadonlySet<number> = new Set([FrameKind.Output, FrameKind.Stderr, FrameKind.Gap])

/**
 * Plays a session as it happened: output, standard error and gaps, never what was typed. The first frame is drawn as soon as
 * it was read, memory does not grow with the recording, and deadlines don't drift. A damaged recording is played up to the
 * damage, and then fails with its error.
 */
export const play = Effect.fn("Player.play")(function* <E>(playback: Playback<E>) {
  const wanted = (frame: Frame) => shown.has(frame.kind) || (playback.events !== "none" && holdsEvents(frame))
  let clock = startClock(yield* Clock.currentTimeMillis, 0, playback.speed)
  while (true) {
    const player = new PlayerRun(playback, playback.screen, playback.keys, clock, new EventLines(playback.events))
    const outcome = yield* Effect.scoped(
      Effect.gen(function* () {
        const pull = yield* Stream.toPull(Stream.filter(playback.frames, wanted))
        const next = Effect.matchEffect(pull, {
          onSuccess: (frames) => Effect.succeed(Option.some(frames)),
          onFailure: Option.match({
            onNone: () => Effect.succeed(Option.none()),
            onSome: (error) => Effect.fail<E | OutputLost>(error),
          }),
        })
        return yield* player.run(next)
      }),
    )
    if (outcome._tag === "Ended") return outcome.how
    clock = outcome.clock
    yield* playback.screen.clear
  }
})
