import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { until } from "./until.ts"

/** A connection to a port of the loopback address, once somebody listens there. */
export const dial = (port: number): Promise<Socket> =>
  until(`port ${port} open`, async () => {
    const socket = connect(port, "127.0.0.1")
    const opened = await Promise.race([once(socket, "connect"), once(socket, "error")]).catch(() => [new Error()])
    return opened.length === 0 && socket
  })
