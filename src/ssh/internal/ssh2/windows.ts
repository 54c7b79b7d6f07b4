import type { Writable } from "node:stream"
import type { TransportGate } from "../TransportGate.ts"
import { requireShape, type Ssh2Channel } from "./Ssh2Shape.ts"

/** ssh2's own handler sends `_chunk` again although it was sent, and forgets stderr where both wait. */
export const widenWindow = (channel: Ssh2Channel, amount: number): void => {
  channel.outgoing.window += amount
  if (!channel._waitWindow) return
  channel._waitWindow = false
  const { _chunk, _chunkcb, _chunkErr, _chunkcbErr } = channel
  channel._chunk = channel._chunkcb = channel._chunkErr = channel._chunkcbErr = undefined
  if (_chunk !== undefined && _chunkcb !== undefined) channel._write(_chunk, "utf8", _chunkcb)
  if (_chunkErr !== undefined && _chunkcbErr !== undefined) channel.stderr._write(_chunkErr, "utf8", _chunkcbErr)
}

/**
 * Makes a channel's writes wait for the transport too, and gives it an `error` listener: ssh2 reports a channel's end by
 * `close`, its `error`s say nothing more.
 */
export const tameChannel = (channel: Ssh2Channel, gate: TransportGate, server: boolean): Ssh2Channel => {
  requireShape("a channel", channel, ["incoming", "outgoing", "stderr", "_waitWindow", "_chunk", "_chunkErr"])
  const slow = (stream: Writable): void => {
    const write = stream._write
    stream._write = (chunk, encoding, done) => {
      try {
        write.call(stream, chunk, encoding, (error) => gate.whenReady(() => done(error)))
      } catch (cause) {
        done(cause instanceof Error ? cause : new Error(String(cause)))
      }
    }
  }
  slow(channel)
  if (server) slow(channel.stderr)
  channel.on("error", ignored)
  channel.stderr.on("error", ignored)
  return channel
}
const ignored = (): void => undefined
