import { Effect } from "effect"
import type { DirectTcpip } from "../DirectTcpip.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import { endHalves } from "./ssh2/endings.ts"
import { refuseOpening } from "./ssh2/openings.ts"
import type { Ssh2Channel, Ssh2Connection } from "./ssh2/Ssh2Shape.ts"
import { tameChannel } from "./ssh2/windows.ts"

/** Where a client wants to be connected to, as ssh2 tells it. */
export interface Ssh2Forward {
  readonly destIP: string
  readonly destPort: number
  readonly srcIP: string
  readonly srcPort: number
}

/** A request for a forwarded connection: a client's at a server, or a server's at its client. */
export const directTcpip = (
  inside: Ssh2Connection,
  link: ConnectionLink,
  side: "client" | "server",
  accept: () => object,
  reject: () => void,
  { destIP, destPort, srcIP, srcPort }: Ssh2Forward,
): DirectTcpip => {
  let accepted: Ssh2Channel | undefined
  return {
    host: destIP,
    port: destPort,
    originAddress: srcIP,
    originPort: srcPort,
    accept: Effect.sync(() => {
      accepted ??= endHalves(tameChannel(accept() as Ssh2Channel, link.gate, side === "server"))
      return accepted
    }),
    reject: (message) => Effect.sync(() => refuseOpening(inside._protocol, reject, message)),
  }
}
