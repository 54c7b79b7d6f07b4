import type { CommandEvent } from "../../domain/CommandEvent.ts"
import type { ConnectionEvent } from "../../domain/ConnectionEvent.ts"
import type { FileEvent } from "../../domain/FileEvent.ts"

/** How much of a session was lost since it began: what found no room on its way out of the kernel. */
export interface Losses {
  readonly commands: number
  readonly files: number
  readonly connections: number
  /** Processes that could not be followed, with all that descends from them. */
  readonly processes: number
}

export const noLosses: Losses = { commands: 0, files: 0, connections: 0, processes: 0 }

/** What the probe tells (probe/wire.h). Times of events are microseconds of the system's monotonic clock. */
export type ProbeRecord =
  /** All is attached; `version` of what it says. */
  | { readonly _tag: "Ready"; readonly version: number }
  /** The answer to `track`; `error` as in errno(3), 0 where it is followed. */
  | { readonly _tag: "Tracked"; readonly session: number; readonly error: number }
  /** The answer to `sync`: all that had happened before was told before. */
  | { readonly _tag: "Synced"; readonly session: number }
  /** No process of the session is left. */
  | { readonly _tag: "Ended"; readonly session: number }
  | { readonly _tag: "Lost"; readonly session: number; readonly losses: Losses }
  | { readonly _tag: "Command"; readonly session: number; readonly event: CommandEvent }
  | { readonly _tag: "File"; readonly session: number; readonly event: FileEvent }
  | { readonly _tag: "Connection"; readonly session: number; readonly event: ConnectionEvent }
