import type { Duplex } from "node:stream"
import { Clock, Effect } from "effect"
import { joinStreams } from "../../../ssh/JoinStreams.ts"
import type { Forward, PortAudit } from "./PortAudit.ts"

/** Counts what is read of a stream from now on, by whoever pipes it in this very turn. */
const countRead = (stream: Duplex): (() => number) => {
  let bytes = 0
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length
  })
  return () => bytes
}

/** Joins a client's channel with a connection of the machine until both have closed, and tells how much went through, however it ends. */
export const passOn = (audit: PortAudit, forward: Forward, channel: Duplex, socket: Duplex): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (startedMs) => {
    const fromClient = countRead(channel)
    const toClient = countRead(socket)
    return joinStreams(channel, socket).pipe(
      Effect.ensuring(
        Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
          audit.ended(forward, {
            bytesFromClient: fromClient(),
            bytesToClient: toClient(),
            durationMs: nowMs - startedMs,
          }),
        ),
      ),
    )
  })
