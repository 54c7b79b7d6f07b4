import { Effect, Stream } from "effect"
import type { SessionClient } from "../session/SessionClient.ts"

/** A client that types nothing and looks at nothing, and never leaves. */
export const nobody: SessionClient = {
  input: Stream.never,
  write: () => Effect.void,
  writeStderr: () => Effect.void,
  resizes: Stream.never,
  signals: Stream.never,
  closed: Effect.never,
}
