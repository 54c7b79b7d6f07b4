/** What a connection is held to. */
export interface ConnectionGuard {
  readonly maxChannels: number
  /** Told of the bytes of channel data, of both directions. */
  readonly onBytes: (bytes: number) => void
  /** The peer broke the protocol in a way that is no accident; the connection is to be dropped. */
  readonly onViolation: (message: string) => void
}
