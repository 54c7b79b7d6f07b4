import type { Effect } from "effect"
import type { OutputLost } from "./OutputLost.ts"

/** Where a session is shown. Each returns once the bytes are taken, so that a slow screen slows the player down. */
export interface PlayerScreen {
  readonly output: (bytes: Uint8Array) => Effect.Effect<void, OutputLost>
  readonly stderr: (bytes: Uint8Array) => Effect.Effect<void, OutputLost>
  /** A word from the player itself, such as what is missing here. */
  readonly notice: (text: string) => Effect.Effect<void, OutputLost>
  /** What the session's processes did at this moment, in a line; seen beside what it showed. */
  readonly event: (line: string) => Effect.Effect<void, OutputLost>
  /** Empties it, to be drawn again from the session's start. */
  readonly clear: Effect.Effect<void, OutputLost>
}
