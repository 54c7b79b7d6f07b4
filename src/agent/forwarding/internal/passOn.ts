import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { Clock, Effect } from "effect"
import { joinStreams } from "../../../ssh/JoinStreams.ts"
import type { Forward, PortAudit } from "./PortAudit.ts"

/** Joins a client's channel with a socket until both have closed, and tells how much went through, however it ends. */
export const passOn = (audit: PortAudit, forward: Forward, channel: Duplex, socket: Socket): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (startedMs) =>
    joinStreams(channel, socket).pipe(
      Effect.ensuring(
        Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
          audit.ended(forward, {
            bytesFromClient: socket.bytesWritten,
            bytesToClient: socket.bytesRead,
            durationMs: nowMs - startedMs,
          }),
        ),
      ),
    ),
  )
