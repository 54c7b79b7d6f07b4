import { join } from "node:path"
import { Effect, type Option } from "effect"
import type { ChosenMode, RecordingMode } from "../../domain/RecordingMode.ts"
import { HubCalls } from "../hub/HubCalls.ts"
import { sessionMode } from "./SessionMode.ts"

/** What decides about a node's mode, and where the cluster's last answer is kept. */
export interface ModeSetting {
  readonly config: { readonly mode: Option.Option<RecordingMode> }
  readonly directory: string
}

/** The mode of sessions that begin on a node: run anew for each. */
export const modeOf = ({ config, directory }: ModeSetting): Effect.Effect<Effect.Effect<ChosenMode>, never, HubCalls> =>
  Effect.map(HubCalls, ({ sessionRecording }) =>
    sessionMode({ env: config.mode, ask: sessionRecording, cacheFile: join(directory, "session_recording") }),
  )
