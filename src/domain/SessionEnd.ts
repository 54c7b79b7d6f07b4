/** How the program ended: its exit code, or the signal that killed it, without "SIG". */
export type Exit =
  | { readonly _tag: "Code"; readonly code: number }
  | { readonly _tag: "Signal"; readonly signal: string }

/** `completed`: by itself; `interrupted`: cut off, all frames are there; `truncated`: frames are missing at the end. */
export type RecordingStatus = "completed" | "interrupted" | "truncated"

/** A session's end, as its recorder tells it. */
export interface SessionEnd {
  readonly durationMs: number
  /** Absent where nobody knows, for example because the agent was lost. */
  readonly exit?: Exit
  readonly status: RecordingStatus
  /** Why it was cut off; empty for a session that ended by itself. */
  readonly reason: string
}
