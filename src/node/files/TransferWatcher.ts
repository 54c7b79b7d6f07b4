import type { FileOperation } from "./FileOperation.ts"

/**
 * Follows a transfer's bytes in passing and tells of what they do to files. Bounded in memory, whatever passes; both methods throw
 * `TransferGarbled` for what cannot be followed, before it is passed on.
 */
export interface TransferWatcher {
  /** How many of these may pass; the others are to be shown again once `fromServer` was called. */
  readonly fromClient: (bytes: Uint8Array) => number
  /** To be called before they are passed on. */
  readonly fromServer: (bytes: Uint8Array) => void
  /** What has begun and is not told yet: the first of the files that are open. The same array while it is the same. */
  readonly begun: ReadonlyArray<FileOperation>
  /** No more bytes come: tells of what is unfinished. */
  readonly end: () => void
}
