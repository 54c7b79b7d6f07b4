import { Deferred, Effect, FiberId } from "effect"
import { ChannelClosed } from "../SshError.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import type { Ssh2Client } from "./ssh2/Ssh2Shape.ts"
import { onIgnored } from "./ssh2/transportMessages.ts"

/** Those whose sshd gives a terminal's echo away; the one for Windows has no terminals to ask. */
const tellsEcho = /^OpenSSH_\d/

/**
 * Finds out, on a client's connection, whether the server's terminal shows what is typed, for which SSH has no message. OpenSSH's
 * sshd gives it away: when it has written input to a terminal that reads lines and does not echo (ICANON on, ECHO off: at a password
 * prompt) it sends an SSH_MSG_IGNORE at once, so that who counts packets sees no difference; not where the input begins with a
 * carriage return (`channel_handle_wfd` in channels.c). It sends none otherwise, and answers requests before it writes what
 * came with them. So where a second request, sent when a first was answered, is answered and no such message came, none comes.
 */
export class EchoTrial {
  readonly #inside: Ssh2Client
  readonly #link: ConnectionLink
  readonly #alone = Effect.unsafeMakeSemaphore(1)
  #onHidden: () => void = () => undefined
  #unsettled = false

  constructor(inside: Ssh2Client, link: ConnectionLink) {
    this.#inside = inside
    this.#link = link
    onIgnored(inside._protocol, () => this.#onHidden())
  }

  /** To be called with all input that is sent otherwise: what is tried must not be written together with it. */
  sent(): void {
    this.#unsettled = true
  }

  /** Sends input by `type`, which completes once it is on its way, and tells whether it is shown; false where the server does not tell. */
  shows(type: Effect.Effect<void, ChannelClosed>): Effect.Effect<boolean, ChannelClosed> {
    const trial = Effect.suspend(() => {
      const hidden = Deferred.unsafeMake<boolean>(FiberId.none)
      this.#onHidden = () => Deferred.unsafeDone(hidden, Effect.succeed(false))
      const shown = type.pipe(Effect.zipRight(this.#answer), Effect.zipRight(this.#answer), Effect.as(true))
      return Effect.raceFirst(Deferred.await(hidden), shown)
    })
    const known = Effect.suspend(() => (tellsEcho.test(this.#inside._remoteVer ?? "") ? trial : Effect.as(type, false)))
    return this.#alone.withPermits(1)(Effect.zipRight(this.#settled, known))
  }

  readonly #settled: Effect.Effect<void, ChannelClosed> = Effect.suspend(() => {
    if (!this.#unsettled) return Effect.void
    this.#unsettled = false
    return this.#answer
  })

  /** Completes when the server has answered a request that is sent now. */
  readonly #answer: Effect.Effect<void, ChannelClosed> = Effect.raceFirst(
    Effect.async<void>((resume) => {
      this.#inside._callbacks.push(() => resume(Effect.void))
      this.#inside._protocol.ping()
    }),
    Effect.suspend(() =>
      Effect.zipRight(
        Deferred.await(this.#link.closed),
        new ChannelClosed({ message: "the SSH connection is closed" }),
      ),
    ),
  )
}
