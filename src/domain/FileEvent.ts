import type { Seen } from "./CommandEvent.ts"

/** A process of a session opened a file, or could not. */
export interface FileEvent extends Seen {
  /** The thread's, as in /proc/PID/comm. */
  readonly name: string
  /** As the kernel resolved it; of a file that could not be opened as it was asked for, made absolute. */
  readonly path: Uint8Array
  /** Those of open(2) on x86-64. */
  readonly flags: number
  /** As in errno(3); 0 for a file that was opened. */
  readonly error: number
  /** The path lacks its beginning, or could not be read. */
  readonly cut: boolean
  /** io_uring opened a file or talked to the network: which and whom, nobody saw. */
  readonly unseen: boolean
}
