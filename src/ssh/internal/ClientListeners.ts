import { Effect, Either, type Scope } from "effect"
import type { Client } from "ssh2"
import type { IncomingTcpip, RemoteListener } from "../RemoteListener.ts"
import { ChannelRefused } from "../SshError.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import { forwardAnswer, type Ssh2Tcpip } from "./forwardAnswer.ts"
import { PullQueue } from "./PullQueue.ts"
import type { Ssh2Connection } from "./ssh2/Ssh2Shape.ts"

const maxWaiting = 64

/** How long a server is waited for to stop listening. */
const answerLimitMs = 1000

/** Asks a server to listen for its client, and hands out the connections that it passes on. */
export class ClientListeners {
  readonly #client: Client
  readonly #link: ConnectionLink
  readonly #queues = new Map<string, PullQueue<IncomingTcpip>>()

  constructor(client: Client, inside: Ssh2Connection, link: ConnectionLink) {
    this.#client = client
    this.#link = link
    inside.on("tcp connection", (to: Ssh2Tcpip, accept: () => object, reject: () => void) => {
      const about = { host: to.destIP, port: to.destPort, originAddress: to.srcIP, originPort: to.srcPort }
      const incoming = { ...about, ...forwardAnswer(inside, link, "client", accept, reject) }
      if (this.#queues.get(`${to.destIP}:${to.destPort}`)?.offer(incoming) !== true) reject()
    })
    link.transport.on("close", () => {
      for (const queue of this.#queues.values()) queue.end()
    })
  }

  /** Once the scope is closed the server has stopped listening, or has not answered within a second. */
  readonly listen = (host: string, port: number): Effect.Effect<RemoteListener, ChannelRefused, Scope.Scope> =>
    Effect.acquireRelease(this.#start(host, port), ({ port: bound }) => this.#stop(host, bound)).pipe(
      Effect.map(({ port: bound, queue }) => ({ port: bound, connections: queue.stream })),
    )

  #start(host: string, port: number) {
    return Effect.async<{ readonly port: number; readonly queue: PullQueue<IncomingTcpip> }, ChannelRefused>(
      (resume) => {
        const refused = (message: string) => resume(new ChannelRefused({ message }))
        const asked = Either.try(() =>
          this.#client.forwardIn(host, port, (error, bound) => {
            if (error !== undefined) return refused(error.message)
            const queue = new PullQueue<IncomingTcpip>(maxWaiting)
            this.#queues.set(`${host}:${bound}`, queue)
            resume(Effect.succeed({ port: bound, queue }))
          }),
        )
        if (Either.isLeft(asked)) refused("the SSH connection is closed")
      },
    )
  }

  /** Plain callbacks, since what ends a scope cannot be interrupted. */
  #stop(host: string, port: number): Effect.Effect<void> {
    return Effect.async((resume) => {
      this.#queues.delete(`${host}:${port}`)
      const { transport } = this.#link
      const done = (): void => {
        clearTimeout(limit)
        transport.off("close", done)
        resume(Effect.void)
      }
      const limit = setTimeout(done, answerLimitMs)
      transport.once("close", done)
      if (transport.writable) this.#client.unforwardIn(host, port, done)
      else done()
    })
  }
}
