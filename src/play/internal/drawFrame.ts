import { Effect } from "effect"
import { type Frame, FrameKind } from "../../domain/Frame.ts"
import { decodeGap, type Gap } from "../../recording/FramePayload.ts"
import { RecordingError } from "../../recording/RecordingError.ts"
import type { EventLines } from "../EventLines.ts"
import type { OutputLost } from "../OutputLost.ts"
import type { PlayerScreen } from "../PlayerScreen.ts"

const missing = ({ frames, events }: Gap): string => {
  if (frames > 0) return `${frames} frames are`
  return events > 0 ? `${events} events are` : "part of the session is"
}

const gapNotice = (gap: Gap): string => `${missing(gap)} missing here${gap.reason === "" ? "" : `: ${gap.reason}`}`

const unreadable = (frame: Frame) => () => RecordingError.at(0, "Corrupt", `frame ${frame.seq} can't be read`)

/**
 * Draws what a session showed, and what is to be seen of what its processes did, says where something is missing. `next`: the
 * frame after it, where that is known.
 */
export const drawFrame = (
  screen: PlayerScreen,
  frame: Frame,
  next: Frame | undefined,
  events: EventLines,
): Effect.Effect<void, OutputLost | RecordingError> => {
  switch (frame.kind) {
    case FrameKind.Output:
      return screen.output(frame.payload)
    case FrameKind.Stderr:
      return screen.stderr(frame.payload)
    case FrameKind.Gap:
      return Effect.try({
        try: () => gapNotice(decodeGap(frame.payload)),
        catch: unreadable(frame),
      }).pipe(Effect.flatMap(screen.notice))
    default:
      return Effect.flatMap(Effect.try({ try: () => events.of(frame, next), catch: unreadable(frame) }), (lines) =>
        Effect.forEach(lines, screen.event, { discard: true }),
      )
  }
}
