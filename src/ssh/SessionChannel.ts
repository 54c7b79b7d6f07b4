import type { Effect, Stream } from "effect"
import type { Exit } from "../domain/SessionEnd.ts"
import type { WindowSize } from "../domain/WindowSize.ts"
import type { ChannelClosed } from "./SshError.ts"

/** The server's end of a session channel on which a shell, command or subsystem runs. */
export interface SessionChannel {
  /** What the client sends; for one consumer. Not pulling stops the client's window. Ends at the client's end of file. */
  readonly input: Stream.Stream<Uint8Array>
  /** Completes when there is room for more; does not suspend where there is. The bytes must not be changed afterwards. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, ChannelClosed>
  readonly writeStderr: (bytes: Uint8Array) => Effect.Effect<void, ChannelClosed>
  /** Sizes since the PTY was asked for; a slow consumer gets the newest only. For one consumer. */
  readonly resizes: Stream.Stream<WindowSize>
  /** Names without "SIG"; at most 16 wait. For one consumer. */
  readonly signals: Stream.Stream<string>
  /**
   * Sends how the program ended, end of file and close, after everything written before; completes when all of it was handed to the
   * operating system, or when the channel was closed by the other side. A signal that SSH has no name for is told as code 128 + its number.
   */
  readonly exit: (exit: Exit) => Effect.Effect<void>
  /** Completes when the channel is closed by the client or with the connection. */
  readonly closed: Effect.Effect<void>
}
