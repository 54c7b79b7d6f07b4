import type { Server, Socket } from "node:net"
import type { Duplex } from "node:stream"
import { type StrangerLimits, Strangers } from "./Strangers.ts"

/** What names a connection for as long as it is there, inside TLS as without. */
const peerOf = ({ remoteAddress, remotePort }: Partial<Pick<Socket, "remoteAddress" | "remotePort">>): string =>
  `${remoteAddress} ${remotePort}`

/** Connections of which it is not known whose they are: one too many of an address is closed as it comes. */
export class StrangeSockets {
  readonly #strangers: Strangers
  readonly #leave = new Map<string, () => void>()

  constructor(limits: StrangerLimits) {
    this.#strangers = new Strangers(limits)
  }

  /** Counts those that come to that server. */
  watch(server: Server): void {
    server.on("connection", (socket: Socket) => this.#enter(socket))
  }

  /** It is known whose it is, or others count it from now on. */
  known(connection: Duplex): void {
    this.#leave.get(peerOf(connection as Socket))?.()
  }

  #enter(socket: Socket): void {
    const leave = this.#strangers.enter(socket.remoteAddress ?? "")
    if (leave === undefined) return void socket.destroy()
    const peer = peerOf(socket)
    this.#leave.set(peer, leave)
    socket.once("close", () => {
      leave()
      if (this.#leave.get(peer) === leave) this.#leave.delete(peer)
    })
  }
}
