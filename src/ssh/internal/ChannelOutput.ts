import type { Writable } from "node:stream"
import { Effect } from "effect"
import { ChannelClosed } from "../SshError.ts"
import { channelClosed } from "./ssh2/endings.ts"
import type { Ssh2Channel } from "./ssh2/Ssh2Shape.ts"

const closed = Effect.suspend(() => new ChannelClosed({ message: "the SSH channel is closed" }))

/**
 * Writes that complete when there is room for the next one: at once, without suspending a fiber, unless the peer's
 * window (2 MiB of bytes waiting) or the transport is full. Fails with `ChannelClosed` when the channel is, or gets, closed.
 */
export const channelOutput = (channel: Ssh2Channel, stream: Writable = channel) => {
  const room = awaitChannel(channel, (done) => {
    stream.once("drain", done)
    return () => stream.off("drain", done)
  })
  return (bytes: Uint8Array): Effect.Effect<void, ChannelClosed> =>
    Effect.suspend(() => {
      if (!isOpen(channel) || !stream.writable) return closed
      return stream.write(bytes) ? Effect.void : room
    })
}

/** Whether the channel can still be written to. */
export const isOpen = (channel: Ssh2Channel): boolean => channel.outgoing.state === "open" && channel.writable

/** Completes when `subscribe` calls back; fails when the channel closes before. `subscribe` returns how to cancel. */
export const awaitChannel = (
  channel: Ssh2Channel,
  subscribe: (done: () => void) => () => void,
): Effect.Effect<void, ChannelClosed> =>
  Effect.async((resume) => {
    const finish = (effect: Effect.Effect<void, ChannelClosed>) => () => {
      cancel()
      resume(effect)
    }
    const onClose = finish(closed)
    const unsubscribe = subscribe(finish(Effect.void))
    const cancel = (): void => {
      unsubscribe()
      channel.off(channelClosed, onClose)
      channel.off("close", onClose)
    }
    channel.once(channelClosed, onClose).once("close", onClose)
    return Effect.sync(cancel)
  })

/** Completes once all that was written is on its way to the transport. */
export const written = (channel: Ssh2Channel, stream: Writable = channel): Effect.Effect<void, ChannelClosed> =>
  Effect.suspend(() => {
    if (!isOpen(channel)) return closed
    if (stream.writableLength === 0) return Effect.void
    return awaitChannel(channel, (done) => {
      stream.write(Buffer.alloc(0), done)
      return () => undefined
    })
  })
