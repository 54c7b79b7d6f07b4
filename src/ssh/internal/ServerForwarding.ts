import type { Duplex } from "node:stream"
import { Effect, type Scope } from "effect"
import type { ForwardedTcpip } from "../ForwardedTcpip.ts"
import { ListenRequest } from "../ListenRequest.ts"
import { ChannelRefused } from "../SshError.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import { type Opened, openChannel } from "./openChannel.ts"
import { PullQueue } from "./PullQueue.ts"
import { endHalves } from "./ssh2/endings.ts"
import { openAgentChannel, openForwardedChannel } from "./ssh2/openings.ts"
import type { Ssh2Connection } from "./ssh2/Ssh2Shape.ts"

type Reply = ((port?: number) => void) | undefined

/** Requests that may wait for their answers, as must those behind them; more are no accident. */
const maxUnanswered = 128

/** What is forwarded to a server's client: the other direction than `directTcpip`. */
export class ServerForwarding {
  readonly #inside: Ssh2Connection
  readonly #link: ConnectionLink
  readonly #maxChannels: number
  readonly requests = new PullQueue<ListenRequest>(maxUnanswered)

  constructor(inside: Ssh2Connection, link: ConnectionLink, maxChannels: number) {
    this.#inside = inside
    this.#link = link
    this.#maxChannels = maxChannels
    link.transport.on("close", () => this.requests.end())
  }

  /** Takes requests to listen; without it ssh2 refuses them. */
  listen(): void {
    let waiting = 0
    this.#inside.on("request", (accept: Reply, reject: Reply, name: string, info: Ssh2Binding) => {
      waiting += 1
      let isWaiting = true
      const answered = (answer: Reply) => (port?: number) => {
        if (isWaiting) waiting -= 1
        isWaiting = false
        answer?.(port)
      }
      const request = listenRequest(name, info, answered(accept), answered(reject))
      if (request === undefined) return answered(reject)()
      if (waiting > maxUnanswered || !this.requests.offer(request)) {
        this.#link.violation("the peer makes too many requests at once")
      }
    })
  }

  readonly openForwarded = (about: ForwardedTcpip): Effect.Effect<Duplex, ChannelRefused, Scope.Scope> =>
    this.#open((opened) => openForwardedChannel(this.#inside, about, opened))

  readonly openAgent: Effect.Effect<Duplex, ChannelRefused, Scope.Scope> = Effect.suspend(() =>
    this.#open((opened) => openAgentChannel(this.#inside, opened)),
  )

  #open(request: (opened: Opened) => void): Effect.Effect<Duplex, ChannelRefused, Scope.Scope> {
    return Effect.suspend(() =>
      this.#inside._chanMgr._count >= this.#maxChannels
        ? new ChannelRefused({ message: "the connection has too many channels" })
        : openChannel<Duplex>(this.#link, "server", request, endHalves),
    )
  }
}

interface Ssh2Binding {
  readonly bindAddr: string
  readonly bindPort: number
}

/** None for requests to listen at unix sockets, which are not served. */
const listenRequest = (
  name: string,
  { bindAddr: host, bindPort: port }: Ssh2Binding,
  accept: (port?: number) => void,
  reject: () => void,
): ListenRequest | undefined => {
  const refused = Effect.sync(() => reject())
  if (name === "tcpip-forward") {
    return ListenRequest.Listen({ host, port, accept: (bound) => Effect.sync(() => accept(bound)), reject: refused })
  }
  if (name !== "cancel-tcpip-forward") return undefined
  return ListenRequest.Cancel({ host, port, accept: Effect.sync(() => accept()), reject: refused })
}
