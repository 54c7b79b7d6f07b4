import { Effect } from "effect"
import type { PlayerScreen } from "../play/PlayerScreen.ts"
import { warn, writeTo } from "./Output.ts"
import { plainLine } from "./plainLine.ts"
import { Stdio } from "./Stdio.ts"

/** Where standard output is no terminal: the bytes as they were recorded, output and standard error apart. */
export const exactScreen: Effect.Effect<PlayerScreen, never, Stdio> = Effect.map(Stdio, (stdio) => ({
  output: (bytes) => writeTo(stdio.stdout, bytes),
  stderr: (bytes) => writeTo(stdio.stderr, bytes),
  notice: (text) => Effect.provideService(warn(`[${text}]`), Stdio, stdio),
  event: (line) => Effect.provideService(warn(`> ${plainLine(line)}`), Stdio, stdio),
  clear: Effect.void,
}))
