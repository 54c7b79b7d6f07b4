import { Effect, Option, Schema } from "effect"
import type { RawData, WebSocket } from "ws"
import { type Heartbeat, keepWarm, watchHeartbeat } from "../../../api/transport/Heartbeat.ts"
import { Announcement, closeCode } from "../../../api/transport/TunnelMessages.ts"
import { WebSocketDuplex } from "../../../api/transport/WebSocketDuplex.ts"
import type { IncomingConnection } from "../../../node/session/IncomingConnection.ts"

const decode = Schema.decodeUnknownOption(Announcement)

/** Waits on a warm tunnel for a connection to be announced; none where the tunnel closes first. */
export const awaitAnnouncement = (
  tunnel: WebSocket,
  heartbeat: Heartbeat,
): Effect.Effect<Option.Option<IncomingConnection>> =>
  Effect.async((resume) => {
    const stopWatching = watchHeartbeat(tunnel, heartbeat)
    const onClose = () => resume(Effect.succeedNone)
    tunnel.once("close", onClose)
    tunnel.once("message", (data: RawData, isBinary: boolean) => {
      const about = isBinary ? Option.none() : decode(data.toString())
      if (Option.isNone(about)) return tunnel.close(closeCode.policy, "no announcement")
      stopWatching()
      tunnel.off("close", onClose)
      keepWarm(tunnel, heartbeat)
      // At once: the connection's first bytes may follow in the same read.
      const transport = new WebSocketDuplex(tunnel)
      const { connection_id: connectionId, remote_address: remoteAddress, grant } = about.value
      resume(Effect.succeedSome({ connectionId, remoteAddress, grant, transport }))
    })
    if (tunnel.readyState === tunnel.CLOSED) resume(Effect.succeedNone)
    tunnel.resume()
  })
