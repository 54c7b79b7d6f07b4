import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

/** The only protocol that a gRPC client offers in the ALPN part of its TLS ClientHello (RFC 7301): it stands there in clear. */
const offersHttp2 = (hello: Buffer): boolean => hello.includes("\x02h2") && !hello.includes("\x08http/1.1")

/** Stands between agents and their hub, and can keep back what the hub says to recording streams, and that alone. */
export class Relay {
  readonly #server: Server
  readonly #recordings = new Set<Socket>()
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  /** Relays to this port of the loopback address. */
  static async start(port: number): Promise<Relay> {
    const server = createServer()
    const relay = new Relay(server)
    server.on("connection", (agent) => {
      const hub = connect(port, "127.0.0.1")
      relay.#join(agent, hub)
      relay.#join(hub, agent)
      agent.once("data", (hello) => {
        if (offersHttp2(hello)) relay.#recordings.add(hub)
      })
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return relay
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on("error", () => from.destroy())
    from.on("close", () => to.destroy())
    from.pipe(to)
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on agents hear nothing about recordings. Gives how many streams that concerns. */
  holdAcknowledgements(): number {
    for (const hub of this.#recordings) hub.unpipe().pause()
    return this.#recordings.size
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
