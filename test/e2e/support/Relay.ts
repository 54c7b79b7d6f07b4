import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import { Lane } from "./Lane.ts"

/** The only protocol that a gRPC client offers in the ALPN part of its TLS ClientHello (RFC 7301): it stands there in clear. */
const offersHttp2 = (hello: Buffer): boolean => hello.includes("\x02h2") && !hello.includes("\x08http/1.1")

interface Connection {
  readonly client: Socket
  readonly server: Socket
  readonly toServer: Lane
  readonly toClient: Lane
  recordings: boolean
}

/** Which connections something happens to: those that carry recordings, or all. */
export type Concerned = "recordings" | "all"

/** A network between agents or users and their hub, that can be bad in every way. */
export class Relay {
  readonly #server: Server
  readonly #port: number
  readonly #connections = new Set<Connection>()
  /** What happens to each connection that is made from now on, once it is known what it carries. */
  #onNew: (connection: Connection) => void = () => {}
  #kept: Array<Buffer> | undefined

  private constructor(server: Server, port: number) {
    this.#server = server
    this.#port = port
  }

  /** Relays to this port of the loopback address. */
  static async start(port: number): Promise<Relay> {
    const server = createServer()
    const relay = new Relay(server, port)
    server.on("connection", (client) => relay.#connect(client))
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    return relay
  }

  #connect(client: Socket): void {
    const server = connect(this.#port, "127.0.0.1")
    const toServer = new Lane(client, server)
    const connection = { client, server, toServer, toClient: new Lane(server, client), recordings: false }
    this.#connections.add(connection)
    for (const socket of [client, server]) socket.on("data", (bytes) => this.#kept?.push(bytes))
    client.on("close", () => client.destroyed && server.destroyed && this.#connections.delete(connection))
    server.on("close", () => client.destroyed && server.destroyed && this.#connections.delete(connection))
    client.once("data", (hello) => {
      connection.recordings = offersHttp2(hello)
      this.#onNew(connection)
    })
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Keeps a copy of every byte that is carried from now on, either way. */
  keep(): void {
    this.#kept = []
  }

  /** What was kept. */
  get kept(): Buffer {
    return Buffer.concat(this.#kept ?? [])
  }

  #those(concerned: Concerned): ReadonlyArray<Connection> {
    return [...this.#connections].filter(({ recordings }) => recordings || concerned === "all")
  }

  /** What happens to these connections, now and until `heal`. */
  #rule(concerned: Concerned, apply: (connection: Connection) => void): void {
    this.#onNew = (connection) => {
      if (connection.recordings || concerned === "all") apply(connection)
    }
    for (const connection of this.#those(concerned)) apply(connection)
  }

  /** From now on agents hear nothing about recordings. Gives how many streams that concerns. */
  holdAcknowledgements(): number {
    for (const { toClient } of this.#those("recordings")) toClient.stall()
    return this.#those("recordings").length
  }

  /** Cuts these connections, and refuses others, until `heal`. */
  cut(concerned: Concerned = "all"): void {
    this.#rule(concerned, destroy)
  }

  /** Cuts each connection after this many more bytes either way, wherever in a message that is; others may be made. */
  cutAfter(bytes: number): void {
    for (const { toServer, toClient } of this.#connections) {
      toServer.cutAfter(bytes)
      toClient.cutAfter(bytes)
    }
  }

  /** Nothing passes, and nobody is told, until `heal`. */
  stall(): void {
    this.#rule("all", ({ toServer, toClient }) => {
      toServer.stall()
      toClient.stall()
    })
  }

  throttle(bytesPerSecond: number): void {
    this.#rule("all", ({ toServer, toClient }) => {
      toServer.throttle(bytesPerSecond)
      toClient.throttle(bytesPerSecond)
    })
  }

  /** All is well again, also for what stood still. */
  heal(): void {
    this.healNew()
    for (const { toServer, toClient } of this.#connections) {
      for (const lane of [toServer, toClient]) {
        lane.throttle(Number.POSITIVE_INFINITY)
        lane.thaw()
      }
    }
  }

  /** All is well for connections that are made from now on; those that stand still do so for ever. */
  healNew(): void {
    this.#onNew = () => {}
  }

  close(): void {
    this.#server.close()
    for (const connection of this.#connections) destroy(connection)
  }
}

const destroy = ({ client, server }: Connection): void => {
  client.destroy()
  server.destroy()
}
