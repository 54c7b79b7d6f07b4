import type { Seen } from "./CommandEvent.ts"

/** Who began it; a datagram is told once a minute for each address that a process sends to. */
export type ConnectionWay = "connect" | "accept" | "datagram"

/** The families of sockets whose addresses are known. */
export const AddressFamily = { Unix: 1, Inet: 2, Inet6: 10 } as const

interface SeenConnection extends Seen {
  /** The thread's name, as in /proc/PID/comm. */
  readonly name: string
  /** Links what was asked with its outcome. */
  readonly number: number
}

/** A connection was asked for, or is there. */
export interface ConnectionAsked extends SeenConnection {
  readonly _tag: "Asked"
  readonly way: ConnectionWay
  /** As in socket(2). */
  readonly family: number
  readonly type: number
  readonly protocol: number
  /** Four bytes or sixteen; of a Unix socket its path, or NUL and an abstract name; else none. */
  readonly address: Uint8Array
  readonly port: number
  /** As in errno(3), 0 where it was made; null where a `ConnectionOutcome` follows. */
  readonly error: number | null
}

/** What became of a connection. */
export interface ConnectionOutcome extends SeenConnection {
  readonly _tag: "Outcome"
  /** As in errno(3), 0 where it was made; null where nobody knows. */
  readonly error: number | null
  readonly localPort: number
}

/** Whom the processes of a session talked to. */
export type ConnectionEvent = ConnectionAsked | ConnectionOutcome
