import type { Exit } from "./SessionEnd.ts"

/** When and where something was seen by the kernel. */
export interface Seen {
  /** Microseconds since the session's start. */
  readonly timeUs: number
  /** The process, in the node's first PID namespace. */
  readonly pid: number
}

/** execve(2) succeeded: from now on the process is this program. Paths and arguments are bytes, whatever their encoding. */
export interface CommandStarted extends Seen {
  readonly _tag: "Started"
  readonly parentPid: number
  readonly uid: number
  readonly effectiveUid: number
  /** The path of the file that runs: of a script, its interpreter's. */
  readonly program: Uint8Array
  /** As it was asked for, perhaps relative to `directory`. */
  readonly file: Uint8Array
  readonly directory: Uint8Array
  /** Each ended by a NUL. */
  readonly arguments: Uint8Array
  /** How many bytes they had; where `arguments` has fewer, the rest is missing. */
  readonly argumentsBytes: number
  /** A path lacks its beginning. */
  readonly cut: boolean
}

/** A process that had started a program has ended. */
export interface CommandEnded extends Seen {
  readonly _tag: "Ended"
  readonly exit: Exit
}

/** execve(2) failed. */
export interface CommandRefused extends Seen {
  readonly _tag: "Refused"
  readonly file: Uint8Array
  /** Empty where `file` begins with "/". */
  readonly directory: Uint8Array
  /** As in errno(3). */
  readonly error: number
}

/** What the processes of a session ran, as the kernel saw it. */
export type CommandEvent = CommandStarted | CommandEnded | CommandRefused
