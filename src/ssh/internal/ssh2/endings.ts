import { sendPacket } from "ssh2/lib/protocol/utils.js"
import { sshString, sshUint32 } from "../../SshWire.ts"
import { channelOf, isSession, type Ssh2Channel, type Ssh2Connection, type Ssh2Protocol } from "./Ssh2Shape.ts"

/** Emitted on a channel once both sides have closed it; ssh2's own `close` waits until all input was read. */
export const channelClosed = Symbol("channelClosed")

/** ssh2 refuses a session's requests after the client's end of file, and leaks the channel of one that is closed before its request. */
export const guardEnding = (connection: Ssh2Connection): void => {
  const { _chanMgr: channels, _protocol: protocol } = connection
  const handlers = protocol._handlers
  const endOfFile = handlers.CHANNEL_EOF
  handlers.CHANNEL_EOF = (_, id: number) => {
    const entry = channels.get(id)
    endOfFile?.(protocol, id)
    if (isSession(entry) && entry._channel !== undefined) entry._ending = false
  }
  const close = handlers.CHANNEL_CLOSE
  handlers.CHANNEL_CLOSE = (_, id: number) => {
    const entry = channels.get(id)
    close?.(protocol, id)
    if (isSession(entry) && entry._channel === undefined) {
      protocol.channelClose(entry._chanInfo.outgoing.id)
      channels.remove(id)
    }
    channelOf(entry)?.emit(channelClosed)
  }
}

/** Marks all channels closed when the transport is: ssh2 leaves them open for writing. */
export const closeChannels = (connection: Ssh2Connection): void => {
  for (const entry of Object.values(connection._chanMgr._channels)) {
    const channel = channelOf(entry)
    if (channel === undefined) continue
    channel.outgoing.state = "closed"
    channel.emit(channelClosed)
  }
}

/**
 * Lets a forwarded channel end its two directions one by one, as a TCP connection does; ssh2's own closes both when the server's
 * ends. And lets it know that it is `closed`: ssh2 emits `close` by itself.
 */
export const endHalves = (channel: Ssh2Channel): Ssh2Channel => {
  let open = 2
  const ended = (): void => {
    open -= 1
    if (open === 0) channel.close()
  }
  channel.server = false
  channel.once("end", ended).once("finish", ended)
  let isClosed = false
  Object.defineProperty(channel, "closed", { get: () => isClosed })
  return channel.once("close", () => {
    isClosed = true
  })
}

/** Sends SSH_MSG_DISCONNECT (RFC 4253 section 11.1) with a reason to read; ssh2's own sends none. */
export const sendDisconnect = (protocol: Ssh2Protocol, reason: number, message: string): void => {
  const payload = Buffer.concat([Buffer.from([1]), sshUint32(reason), sshString(message), sshString("")])
  const { write } = protocol._packetRW
  const start = write.allocStartKEX
  const packet = write.alloc(payload.length, true)
  packet.set(payload, start)
  sendPacket(protocol, write.finalize(packet, true), true)
}
