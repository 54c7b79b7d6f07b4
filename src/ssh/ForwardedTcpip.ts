/** A connection that somebody made to where a client asked the server to listen (RFC 4254 section 7.2). */
export interface ForwardedTcpip {
  /** As in the client's request: by these two it knows which of its forwardings is meant. */
  readonly host: string
  readonly port: number
  /** Who connected. */
  readonly originAddress: string
  readonly originPort: number
}
