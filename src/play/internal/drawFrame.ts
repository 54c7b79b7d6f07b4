import { Effect } from "effect"
import { type Frame, FrameKind } from "../../domain/Frame.ts"
import type { OutputLost } from "../OutputLost.ts"
import type { PlayerScreen } from "../PlayerScreen.ts"

/** Draws what a session showed; says where something is missing. */
export const drawFrame = (screen: PlayerScreen, frame: Frame): Effect.Effect<void, OutputLost> => {
  switch (frame.kind) {
    case FrameKind.Output:
      return screen.output(frame.payload)
    case FrameKind.Stderr:
      return screen.stderr(frame.payload)
    case FrameKind.Gap:
      return screen.notice("part of the session is missing here")
    default:
      return Effect.void
  }
}
