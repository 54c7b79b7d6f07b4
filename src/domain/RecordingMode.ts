import { Option, Schema } from "effect"

/** How sessions are recorded; the meaning of each is the product page's table of modes. */
export const RecordingMode = Schema.Literal("node-sync", "node", "off")
export type RecordingMode = typeof RecordingMode.Type

/** Why a session has the mode that it has. */
export const RecordingModeSource = Schema.Literal("env", "cluster", "cached", "default")
export type RecordingModeSource = typeof RecordingModeSource.Type

/** A mode, and why it was chosen. */
export interface ChosenMode {
  readonly mode: RecordingMode
  readonly source: RecordingModeSource
}

/** What is known when a session begins. */
export interface ModeSources {
  /** `MEZITE_RECORDING_MODE` of the agent. */
  readonly env: Option.Option<RecordingMode>
  /** The cluster's answer just now. */
  readonly cluster: Option.Option<RecordingMode>
  /** The cluster's last answer, kept on disk. */
  readonly cached: Option.Option<RecordingMode>
}

/** The mode of a new session: the variable, else the cluster's setting, else its last answer, else `node`. */
export const chooseMode = ({ env, cluster, cached }: ModeSources): ChosenMode =>
  env.pipe(
    Option.map((mode): ChosenMode => ({ mode, source: "env" })),
    Option.orElse(() => Option.map(cluster, (mode): ChosenMode => ({ mode, source: "cluster" }))),
    Option.orElse(() => Option.map(cached, (mode): ChosenMode => ({ mode, source: "cached" }))),
    Option.getOrElse((): ChosenMode => ({ mode: "node", source: "default" })),
  )

const strength: Record<RecordingMode, number> = { off: 0, node: 1, "node-sync": 2 }

/** Whether `mode` promises less than `setting` asks for. */
export const isWeaker = (mode: RecordingMode, setting: RecordingMode): boolean => strength[mode] < strength[setting]
