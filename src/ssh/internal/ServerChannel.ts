import { constants } from "node:os"
import { Effect } from "effect"
import type { Exit } from "../../domain/SessionEnd.ts"
import type { SessionChannel } from "../SessionChannel.ts"
import { isSshSignal } from "../SshSignal.ts"
import { channelInput } from "./ChannelInput.ts"
import { awaitChannel, channelOutput, isOpen, written } from "./ChannelOutput.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import { channelClosed } from "./ssh2/endings.ts"
import type { Ssh2Channel } from "./ssh2/Ssh2Shape.ts"

const exitArgument = (exit: Exit): number | string => {
  if (exit._tag === "Code") return exit.code >>> 0
  if (isSshSignal(exit.signal)) return exit.signal
  const numbers: Readonly<Record<string, number>> = constants.signals
  return 128 + (numbers[`SIG${exit.signal}`] ?? 0)
}

/** A server's channel as the session sees it, but for its resizes and signals, which arrive at ssh2's session. */
export const serverChannel = (
  channel: Ssh2Channel,
  link: ConnectionLink,
): Omit<SessionChannel, "resizes" | "signals"> => {
  const finish = (exit: Exit): Effect.Effect<void> =>
    written(channel).pipe(
      Effect.zipRight(written(channel, channel.stderr)),
      Effect.zipRight(Effect.sync(() => channel.exit(exitArgument(exit)))),
      Effect.zipRight(
        awaitChannel(channel, (done) => {
          channel.end(done)
          return () => undefined
        }),
      ),
      Effect.ignore,
      Effect.zipRight(link.flushed),
    )
  return {
    input: channelInput(channel),
    write: channelOutput(channel),
    writeStderr: channelOutput(channel, channel.stderr),
    exit: (exit) => Effect.suspend(() => (isOpen(channel) ? finish(exit) : Effect.void)),
    closed: channelEnd(channel),
  }
}

/** Completes when the channel has closed, now or earlier. */
export const channelEnd = (channel: Ssh2Channel): Effect.Effect<void> => {
  let isClosed = false
  channel.once(channelClosed, () => {
    isClosed = true
  })
  channel.once("close", () => {
    isClosed = true
  })
  return Effect.suspend(() => (isClosed ? Effect.void : Effect.ignore(awaitChannel(channel, () => () => undefined))))
}
