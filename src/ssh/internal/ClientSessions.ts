import type { Duplex } from "node:stream"
import { Effect, Either, type Scope } from "effect"
import type { Client, ClientErrorExtensions } from "ssh2"
import type { ClientChannel } from "../ClientChannel.ts"
import type { PtyRequest } from "../SessionRequest.ts"
import type { SessionOptions, SshClient } from "../SshClient.ts"
import { ChannelRefused } from "../SshError.ts"
import { clientChannel } from "./ClientChannel.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import type { Ssh2Channel } from "./ssh2/Ssh2Shape.ts"
import { tameChannel } from "./ssh2/windows.ts"

type Opened = (error: (Error & ClientErrorExtensions) | undefined, channel: object) => void

const terminal = ({ term, size }: PtyRequest) => ({
  term,
  cols: size.cols,
  rows: size.rows,
  width: size.widthPx,
  height: size.heightPx,
})

/** Opens channels on ssh2's client; each is closed with its scope. */
export class ClientSessions {
  readonly #client: Client
  readonly #link: ConnectionLink

  constructor(client: Client, link: ConnectionLink) {
    this.#client = client
    this.#link = link
  }

  readonly openers: Omit<SshClient, "closed"> = {
    shell: (options = {}) =>
      this.#session((opened) => {
        this.#client.shell(options.pty === undefined ? false : terminal(options.pty), environment(options), opened)
      }),
    exec: (command, options = {}) =>
      this.#session((opened) => {
        const pty = options.pty === undefined ? {} : { pty: terminal(options.pty) }
        this.#client.exec(command, { ...environment(options), ...pty }, opened)
      }),
    subsystem: (name) =>
      this.#session((opened) => {
        this.#client.subsys(name, opened)
      }),
    directTcpip: ({ host, port, originAddress, originPort }) =>
      this.#open<Duplex>(
        (opened) => {
          this.#client.forwardOut(originAddress, originPort, host, port, opened)
        },
        (channel) => channel,
      ),
  }

  #session(request: (opened: Opened) => void): Effect.Effect<ClientChannel, ChannelRefused, Scope.Scope> {
    return this.#open(request, clientChannel)
  }

  #open<A>(
    request: (opened: Opened) => void,
    make: (channel: Ssh2Channel) => A,
  ): Effect.Effect<A, ChannelRefused, Scope.Scope> {
    const open = Effect.async<{ readonly channel: Ssh2Channel; readonly made: A }, ChannelRefused>((resume) => {
      let abandoned = false
      const refused = (message: string) => resume(new ChannelRefused({ message }))
      const opened: Opened = (error, opened) => {
        if (error) return refused(error.message)
        const channel = tameChannel(opened as Ssh2Channel, this.#link.gate, false)
        if (abandoned) channel.close()
        else resume(Effect.succeed({ channel, made: make(channel) }))
      }
      Either.try(() => request(opened)).pipe(Either.getOrElse(() => refused("the SSH connection is closed")))
      return Effect.sync(() => {
        abandoned = true
      })
    })
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(open), ({ channel, made }) =>
        Effect.as(
          Effect.addFinalizer(() => Effect.sync(() => channel.close())),
          made,
        ),
      ),
    )
  }
}

const environment = ({ env }: SessionOptions) => (env === undefined ? {} : { env: { ...env } })
