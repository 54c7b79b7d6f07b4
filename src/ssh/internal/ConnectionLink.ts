import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { Deferred, Duration, Effect, FiberId } from "effect"
import { SshConnectionError } from "../SshError.ts"
import { closeChannels, sendDisconnect } from "./ssh2/endings.ts"
import { guardConnection } from "./ssh2/guardConnection.ts"
import type { Ssh2Connection } from "./ssh2/Ssh2Shape.ts"
import { TransportGate } from "./TransportGate.ts"

/** When keys are exchanged anew: ssh2 never does so by itself (RFC 4253 section 9 asks for both). */
export interface RekeyLimits {
  /** Bytes of channel data of both directions together. */
  readonly bytes: number
  readonly interval: Duration.DurationInput
}

export const defaultRekey: RekeyLimits = { bytes: 1024 ** 3, interval: Duration.hours(1) }

const closingTime = Duration.seconds(2)
const byApplication = 11
const protocolError = 2

/** ssh2's levels of errors that are not the peer's breach of the protocol. */
const reasons: Readonly<Record<string, SshConnectionError["reason"]>> = {
  socket: "closed",
  "client-socket": "closed",
  "client-timeout": "timeout",
  "client-authentication": "authentication",
}

/** A transport and the ssh2 connection upon it: what a server's and a client's connection have in common. */
export class ConnectionLink {
  readonly transport: Duplex
  readonly gate: TransportGate
  /** Done when the transport has closed. */
  readonly closed = Deferred.unsafeMake<void>(FiberId.none)
  /** Why the connection broke; first cause wins. Never fails its waiters by itself. */
  readonly broken = Deferred.unsafeMake<never, SshConnectionError>(FiberId.none)
  #inside: Ssh2Connection | undefined
  #bytes = 0
  #dropping: NodeJS.Timeout | undefined

  constructor(transport: Duplex) {
    this.transport = transport
    this.gate = new TransportGate(transport)
    if (transport instanceof Socket) transport.setNoDelay(true)
    transport.on("error", (cause: Error) => this.break("closed", `the connection broke: ${cause.message}`))
    transport.on("end", () => transport.end())
    transport.on("finish", () => this.break("closed", "the connection was closed"))
    transport.on("close", () => {
      clearTimeout(this.#dropping)
      this.break("closed", "the connection was closed")
      if (this.#inside !== undefined) closeChannels(this.#inside)
      Deferred.unsafeDone(this.closed, Effect.void)
    })
  }

  /** Remembers why the connection broke, where nothing is known yet, and ends the transport, by force if need be. */
  break(reason: SshConnectionError["reason"], message: string): void {
    Deferred.unsafeDone(this.broken, Effect.fail(new SshConnectionError({ reason, message })))
    if (this.#dropping !== undefined || this.transport.destroyed) return
    this.transport.end()
    this.#dropping = setTimeout(() => this.transport.destroy(), Duration.toMillis(closingTime)).unref()
  }

  /** The peer broke the protocol in a way that is no accident: tells it, and drops the connection. */
  violation(message: string): void {
    this.disconnect(protocolError, message)
    this.break("protocol", message)
  }

  /** Guards ssh2's connection; call before it opens channels. */
  attach(inside: Ssh2Connection, limits: { readonly maxChannels: number; readonly rekeyBytes: number }): void {
    this.#inside = inside
    inside.on("error", (cause: Error & { readonly level?: string }) =>
      this.break(reasons[cause.level ?? ""] ?? "protocol", cause.message),
    )
    inside.on("handshake", () => {
      this.#bytes = 0
    })
    guardConnection(inside, {
      maxChannels: limits.maxChannels,
      onBytes: (bytes) => this.#count(bytes, limits.rekeyBytes),
      onViolation: (message) => this.violation(message),
    })
  }

  #count(bytes: number, limit: number): void {
    const before = this.#bytes
    this.#bytes += bytes
    if (before < limit && this.#bytes >= limit) setImmediate(() => this.rekey())
  }

  /** Exchanges keys anew, unless an exchange runs or the connection has ended. */
  rekey(): void {
    if (this.#inside !== undefined && this.#isOpen()) this.#inside._protocol.rekey()
  }

  #isOpen(): boolean {
    return this.transport.writable && !this.transport.readableEnded && !this.transport.destroyed
  }

  /** Sends a reason and ends the transport, once. */
  disconnect(reason: number, message: string): void {
    if (this.#inside !== undefined && this.#isOpen()) sendDisconnect(this.#inside._protocol, reason, message)
    this.transport.end()
  }

  /** Completes when everything that was written has been handed to the operating system, or the transport has closed. */
  readonly flushed: Effect.Effect<void> = Effect.suspend(() =>
    Effect.raceFirst(Effect.zipRight(this.#exchanged, this.#drained), Deferred.await(this.closed)),
  )

  /** While keys are exchanged, ssh2 keeps packets back. */
  readonly #exchanged: Effect.Effect<void> = Effect.async((resume) => {
    const inside = this.#inside
    if (inside === undefined || inside._protocol._kexinit === undefined) return resume(Effect.void)
    const done = (): void => resume(Effect.void)
    inside.once("handshake", done)
    return Effect.sync(() => inside.off("handshake", done))
  })

  readonly #drained: Effect.Effect<void> = Effect.async((resume) => {
    if (this.transport.writableLength === 0 || !this.transport.writable) return resume(Effect.void)
    this.transport.write(Buffer.alloc(0), () => resume(Effect.void))
  })

  /** Says goodbye, gives what was written time to leave, and destroys the transport. */
  readonly close = (message: string): Effect.Effect<void> =>
    Effect.sync(() => this.disconnect(byApplication, message)).pipe(
      // A finalizer is uninterruptible, and what cannot be interrupted does not time out.
      Effect.zipRight(Effect.interruptible(Deferred.await(this.closed))),
      Effect.timeoutOption(closingTime),
      Effect.zipRight(Effect.sync(() => this.transport.destroy())),
      Effect.asVoid,
    )

  /** Rekeys by time, for ever. */
  readonly rekeyEvery = (interval: Duration.DurationInput): Effect.Effect<never> =>
    Effect.forever(
      Effect.delay(
        Effect.sync(() => this.rekey()),
        interval,
      ),
    )
}
