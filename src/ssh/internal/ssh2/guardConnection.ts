import "./transportMessages.ts"
import type { ConnectionGuard } from "./ConnectionGuard.ts"
import { guardEnding } from "./endings.ts"
import { guardOpening } from "./openings.ts"
import { channelOf, type Ssh2Connection, type Ssh2Protocol } from "./Ssh2Shape.ts"
import { widenWindow } from "./windows.ts"

/**
 * Puts checks before ssh2's handlers of channel messages; call before any channel is opened. As it is, a peer that ignores its
 * window fills the memory, and bytes are not counted, by which keys are to be exchanged anew.
 */
export const guardConnection = (connection: Ssh2Connection, guard: ConnectionGuard): void => {
  const handlers = connection._protocol._handlers
  guardOpening(connection, guard)
  for (const name of ["CHANNEL_DATA", "CHANNEL_EXTENDED_DATA"] as const) {
    const receive = handlers[name]
    handlers[name] = (protocol, id, data, type) => {
      const channel = channelOf(connection._chanMgr.get(id))
      if (channel?.incoming.state === "eof") return guard.onViolation("the peer sent data after its end of file")
      if (channel !== undefined && data.length > channel.incoming.window) {
        return guard.onViolation("the peer sent more data than the channel's window allows")
      }
      guard.onBytes(data.length)
      receive?.(protocol, id, data, type)
    }
  }
  guardEnding(connection)
  handlers.CHANNEL_WINDOW_ADJUST = (_protocol, id: number, amount: number) => {
    const channel = channelOf(connection._chanMgr.get(id))
    if (channel !== undefined) widenWindow(channel, amount)
  }
  countSentBytes(connection._protocol, guard.onBytes)
}

const countSentBytes = (protocol: Ssh2Protocol, onBytes: (bytes: number) => void): void => {
  const data = protocol.channelData
  const extended = protocol.channelExtData
  protocol.channelData = (id, bytes) => {
    onBytes(bytes.length)
    data.call(protocol, id, bytes)
  }
  protocol.channelExtData = (id, bytes, type) => {
    onBytes(bytes.length)
    extended.call(protocol, id, bytes, type)
  }
}
