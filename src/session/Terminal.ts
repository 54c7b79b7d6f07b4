import type { Effect, Stream } from "effect"
import type { Exit } from "../domain/SessionEnd.ts"
import type { WindowSize } from "../domain/WindowSize.ts"
import type { TerminalError } from "./TerminalError.ts"

/** What a program wrote, in the order in which it was read. `bytes` is never empty, and belongs to who receives it. */
export interface TerminalOutput {
  /** `stderr` only where there is no PTY. */
  readonly stream: "output" | "stderr"
  readonly bytes: Uint8Array
}

/**
 * A running program and the two ends of its terminal: all that the session pipeline knows of a PTY, of two pipes, or of
 * a channel of an SSH connection to another machine. It lives in a scope; closing that ends the program: SIGHUP to its
 * whole process group, then SIGKILL.
 */
export interface Terminal {
  /**
   * Every byte that the program wrote, then the end; coalesced (at once when idle, else 32 KiB or 1 ms). Reading it
   * drives it: who does not pull stops the program, with no more than 64 KiB held here. To be run once.
   */
  readonly output: Stream.Stream<TerminalOutput, TerminalError>
  /** Types `bytes`; returns once they are taken, so that a program that does not read slows its writer down. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, TerminalError>
  /** Ends the program's standard input. Nothing with a PTY, where ^D does that. */
  readonly endInput: Effect.Effect<void>
  readonly resize: (size: WindowSize) => Effect.Effect<void>
  /** Sends the signal, named without "SIG" (RFC 4254, 6.9), to the foreground process group. */
  readonly signal: (name: string) => Effect.Effect<void>
  /** Whether what is typed now would be shown; false at a password prompt (ECHO off, ICANON on). */
  readonly echoes: Effect.Effect<boolean>
  /**
   * Where only typing tells that: types `bytes`, which hold no control character, and tells whether they were shown. `echoes` is what
   * was so of the last that was typed, as long as nothing followed it that can have changed it.
   */
  readonly tryTyping?: (bytes: Uint8Array) => Effect.Effect<boolean, TerminalError>
  /** How the program ended, once it has and `output` has been read to its end. */
  readonly exit: Effect.Effect<Exit, TerminalError>
}
