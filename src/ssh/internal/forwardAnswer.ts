import { Effect } from "effect"
import type { DirectForward } from "../DirectForward.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import { endHalves } from "./ssh2/endings.ts"
import { refuseOpening } from "./ssh2/openings.ts"
import type { Ssh2Channel, Ssh2Connection } from "./ssh2/Ssh2Shape.ts"
import { tameChannel } from "./ssh2/windows.ts"

/** The two ends of a TCP connection, as ssh2 tells them. */
export interface Ssh2Tcpip {
  readonly destIP: string
  readonly destPort: number
  readonly srcIP: string
  readonly srcPort: number
}

/** The answers to a peer that wants to open a channel for a forwarded connection: a client's to a server, or the other way. */
export const forwardAnswer = (
  inside: Ssh2Connection,
  link: ConnectionLink,
  side: "client" | "server",
  accept: () => object,
  reject: () => void,
): Pick<DirectForward, "accept" | "reject"> => {
  let accepted: Ssh2Channel | undefined
  return {
    accept: Effect.sync(() => {
      accepted ??= endHalves(tameChannel(accept() as Ssh2Channel, link.gate, side === "server"))
      return accepted
    }),
    reject: (message) => Effect.sync(() => refuseOpening(inside._protocol, reject, message)),
  }
}
