import type { Effect, Stream } from "effect"
import type { Exit } from "../domain/SessionEnd.ts"
import type { WindowSize } from "../domain/WindowSize.ts"
import type { ChannelClosed } from "./SshError.ts"
import type { SshSignal } from "./SshSignal.ts"

/** The client's end of a session channel. Output and stderr share one window: pull both, or the channel stalls. */
export interface ClientChannel {
  /** For one consumer; ends at the server's end of file. Not pulling stops the server. */
  readonly output: Stream.Stream<Uint8Array>
  /** As `output`. */
  readonly stderr: Stream.Stream<Uint8Array>
  /** Completes when there is room for more; does not suspend where there is. The bytes must not be changed afterwards. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, ChannelClosed>
  /**
   * The same, for a channel with a terminal and bytes that begin with a printable character: tells whether the terminal shows them.
   * False at a password prompt (ECHO off, ICANON on), and always where the server is not OpenSSH's, which alone gives it away. It
   * takes the server two answers; who else calls it on this connection waits meanwhile.
   */
  readonly writeEchoed: (bytes: Uint8Array) => Effect.Effect<boolean, ChannelClosed>
  /** Tells the terminal's new size; nothing happens on a closed channel. */
  readonly resize: (size: WindowSize) => Effect.Effect<void>
  readonly signal: (signal: SshSignal) => Effect.Effect<void>
  /** Sends end of file after what was written. */
  readonly endInput: Effect.Effect<void>
  /** How the program ended; fails where the channel or the connection closed without telling. */
  readonly exit: Effect.Effect<Exit, ChannelClosed>
  readonly closed: Effect.Effect<void>
}
