import { Channel } from "ssh2/lib/Channel.js"
import type { ForwardedTcpip } from "../../ForwardedTcpip.ts"
import type { ConnectionGuard } from "./ConnectionGuard.ts"
import type { Ssh2Channel, Ssh2Connection, Ssh2Protocol, Ssh2Session } from "./Ssh2Shape.ts"

const smallestPacket = 256

/** Refuses channels beyond the limit, and those whose packet size of nearly 0 makes a write of ssh2 loop for ever. */
export const guardOpening = (connection: Ssh2Connection, guard: ConnectionGuard): void => {
  const handlers = connection._protocol._handlers
  const open = handlers.CHANNEL_OPEN
  handlers.CHANNEL_OPEN = (protocol, info: { readonly sender: number; readonly packetSize: number }) => {
    if (connection._chanMgr._count >= guard.maxChannels)
      return protocol.channelOpenFail(info.sender, 4, "too many channels")
    if (info.packetSize < smallestPacket) return protocol.channelOpenFail(info.sender, 4, "packet size is too small")
    open?.(protocol, info)
  }
  const confirm = handlers.CHANNEL_OPEN_CONFIRMATION
  handlers.CHANNEL_OPEN_CONFIRMATION = (protocol, info: { readonly packetSize: number }) => {
    if (info.packetSize < smallestPacket) return guard.onViolation("the peer's packet size is too small")
    confirm?.(protocol, info)
  }
}

/** Calls ssh2's `reject`, which sends no reason, so that it sends `message`. */
export const refuseOpening = (protocol: Ssh2Protocol, reject: () => void, message: string): void => {
  const refuse = protocol.channelOpenFail
  protocol.channelOpenFail = (id) => refuse.call(protocol, id, 2, message)
  reject()
  protocol.channelOpenFail = refuse
}

/** Starts a session's channel at once, so that no data is lost, and leaves the reply to the request for later. */
export const startSession = (connection: Ssh2Connection, session: Ssh2Session): Ssh2Channel => {
  const channel = new Channel(connection, session._chanInfo, { server: true }) as Ssh2Channel
  session._channel = channel
  return channel
}

type Opened = (error: Error | undefined, channel: object) => void

/** Asks a server's client to take a connection that was made to where it had asked to listen. */
export const openForwardedChannel = (connection: Ssh2Connection, about: ForwardedTcpip, opened: Opened): void => {
  const { host, port, originAddress, originPort } = about
  connection.forwardOut(host, port, originAddress, originPort, opened)
}

const windowBytes = 2 * 1024 * 1024
const packetBytes = 32 * 1024

/** Asks a server's client for a connection to its authentication agent, for which ssh2 has no call. */
export const openAgentChannel = ({ _chanMgr: channels, _protocol: protocol }: Ssh2Connection, opened: Opened): void => {
  const type = "auth-agent@openssh.com"
  const id = channels.add(
    Object.assign((error: Error | undefined, channel: object) => opened(error, channel), { type }),
  )
  if (id < 0) throw new Error("no channel is free")
  protocol.openssh_authAgent(id, windowBytes, packetBytes)
}
