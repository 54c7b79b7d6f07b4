import { Deferred, Effect, FiberId } from "effect"
import type { Exit } from "../../domain/SessionEnd.ts"
import type { ClientChannel } from "../ClientChannel.ts"
import { ChannelClosed } from "../SshError.ts"
import { channelInput } from "./ChannelInput.ts"
import { channelOutput, isOpen, written } from "./ChannelOutput.ts"
import type { EchoTrial } from "./EchoTrial.ts"
import { channelEnd } from "./ServerChannel.ts"
import { channelClosed } from "./ssh2/endings.ts"
import type { Ssh2Channel } from "./ssh2/Ssh2Shape.ts"

/** ssh2's client channel as a `ClientChannel`; call when ssh2 hands it out, before anything can arrive on it. */
export const clientChannel = (channel: Ssh2Channel, echo: EchoTrial): ClientChannel => ({
  output: channelInput(channel),
  stderr: channelInput(channel.stderr),
  ...typing(channel, echo),
  resize: ({ cols, rows, widthPx, heightPx }) =>
    whenOpen(channel, () => channel.setWindow(rows, cols, heightPx, widthPx)),
  signal: (signal) => whenOpen(channel, () => channel.signal(signal)),
  endInput: whenOpen(channel, () => channel.end()),
  exit: channelExit(channel),
  closed: channelEnd(channel),
})

const typing = (channel: Ssh2Channel, echo: EchoTrial): Pick<ClientChannel, "write" | "writeEchoed"> => {
  const write = channelOutput(channel)
  return {
    write: (bytes) =>
      Effect.suspend(() => {
        echo.sent()
        return write(bytes)
      }),
    writeEchoed: (bytes) => echo.shows(Effect.zipRight(write(bytes), written(channel))),
  }
}

const whenOpen = (channel: Ssh2Channel, act: () => void): Effect.Effect<void> =>
  Effect.sync(() => {
    if (isOpen(channel)) act()
  })

const channelExit = (channel: Ssh2Channel): Effect.Effect<Exit, ChannelClosed> => {
  const exit = Deferred.unsafeMake<Exit, ChannelClosed>(FiberId.none)
  channel.once("exit", (code: number | null, signal?: string) => {
    const told: Exit =
      code === null ? { _tag: "Signal", signal: (signal ?? "").replace(/^SIG/, "") } : { _tag: "Code", code }
    Deferred.unsafeDone(exit, Effect.succeed(told))
  })
  channel.once(channelClosed, () => {
    const message = "the SSH channel was closed before the program's exit status arrived"
    Deferred.unsafeDone(exit, new ChannelClosed({ message }))
  })
  return Deferred.await(exit)
}
