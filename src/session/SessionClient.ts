import { type Effect, Schema, type Stream } from "effect"
import type { WindowSize } from "../domain/WindowSize.ts"

/** Whoever watched the session is gone. */
export class ClientGone extends Schema.TaggedError<ClientGone>()("ClientGone", {}) {}

/** Whoever uses the terminal: an SSH channel, or nobody. */
export interface SessionClient {
  /** What is typed; ends at end of file. Not pulling it makes the client wait. */
  readonly input: Stream.Stream<Uint8Array>
  /** Completes when there is room for more. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, ClientGone>
  readonly writeStderr: (bytes: Uint8Array) => Effect.Effect<void, ClientGone>
  readonly resizes: Stream.Stream<WindowSize>
  /** Names without "SIG". */
  readonly signals: Stream.Stream<string>
  /** Completes when the client is gone. */
  readonly closed: Effect.Effect<void>
}
