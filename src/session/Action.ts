import { FrameKind } from "../domain/Frame.ts"
import type { WindowSize } from "../domain/WindowSize.ts"

/** What the user does to the program, and a frame tells of. */
export type RecordedAction =
  /** `echoed`: whether the terminal shows it. `isTyped`: it had to be typed to learn that, and is only to be recorded. */
  | { readonly _tag: "Type"; readonly bytes: Uint8Array; readonly echoed: boolean; readonly isTyped: boolean }
  | { readonly _tag: "Resize"; readonly size: WindowSize }
  /** Named without "SIG" (RFC 4254, 6.9). */
  | { readonly _tag: "Signal"; readonly name: string }

/** What the user does to the program. End of input has no frame, but can make a program act on what came before. */
export type Action = RecordedAction | { readonly _tag: "EndInput" }

/**
 * Whether an action can make the program do something: a signal, the end of its input, or typing with a control character
 * in it (Enter, ^C, ^D, ESC …). Printable typing only fills its line buffer, as far as anybody can tell from outside.
 */
export const canAct = (action: Action): boolean => {
  switch (action._tag) {
    case "Type":
      return action.bytes.some((byte) => byte < 0x20 || byte === 0x7f)
    case "Resize":
      return false
    case "Signal":
    case "EndInput":
      return true
  }
}

/** What kind of frame records an action. */
export const kindOf = (action: RecordedAction): FrameKind =>
  action._tag === "Type" ? FrameKind.Input : action._tag === "Resize" ? FrameKind.Resize : FrameKind.Signal
