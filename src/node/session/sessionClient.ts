import { Effect } from "effect"
import { ClientGone, type SessionClient } from "../../session/SessionClient.ts"
import type { SessionChannel } from "../../ssh/SessionChannel.ts"

/** An SSH client as the session pipeline knows it. */
export const sessionClient = (channel: SessionChannel): SessionClient => {
  const gone = Effect.mapError(() => new ClientGone())
  return {
    input: channel.input,
    write: (bytes) => gone(channel.write(bytes)),
    writeStderr: (bytes) => gone(channel.writeStderr(bytes)),
    resizes: channel.resizes,
    signals: channel.signals,
    closed: channel.closed,
  }
}
