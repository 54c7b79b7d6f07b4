import { Deferred, Effect, Either, Option, type Scope } from "effect"
import type { ClientErrorExtensions } from "ssh2"
import { ChannelRefused } from "../SshError.ts"
import type { ConnectionLink } from "./ConnectionLink.ts"
import type { Ssh2Channel } from "./ssh2/Ssh2Shape.ts"
import { tameChannel } from "./ssh2/windows.ts"

/** Called back by ssh2 once the peer has answered, or never will. */
export type Opened = (error: (Error & ClientErrorExtensions) | undefined, channel: object) => void

/** What ends because the connection broke is not told as a refusal, in whatever words ssh2 has for it. */
const orBroken = (link: ConnectionLink, refused: ChannelRefused): Effect.Effect<never, ChannelRefused> =>
  Effect.flatMap(
    Deferred.poll(link.broken),
    Option.match({
      onNone: () => refused,
      onSome: Effect.catchAll(({ message }) => new ChannelRefused({ message })),
    }),
  )

/** Before what the peer says. */
const ssh2Prefix = /^\(SSH\) Channel open failure: /

/**
 * Opens a channel to the peer; `request` asks for it and throws on a connection that has ended, `make` is called in the turn in
 * which the peer accepts, before anything can arrive. The channel is closed with the scope.
 */
export const openChannel = <A>(
  link: ConnectionLink,
  side: "client" | "server",
  request: (opened: Opened) => void,
  make: (channel: Ssh2Channel) => A,
): Effect.Effect<A, ChannelRefused, Scope.Scope> => {
  const open = Effect.async<{ readonly channel: Ssh2Channel; readonly made: A }, ChannelRefused>((resume) => {
    let abandoned = false
    const refused = (message: string) => resume(new ChannelRefused({ message }))
    const opened: Opened = (error, opened) => {
      if (error) return refused(error.message.replace(ssh2Prefix, ""))
      const channel = tameChannel(opened as Ssh2Channel, link.gate, side === "server")
      if (abandoned) channel.close()
      else resume(Effect.succeed({ channel, made: make(channel) }))
    }
    Either.try(() => request(opened)).pipe(Either.getOrElse(() => refused("the SSH connection is closed")))
    return Effect.sync(() => {
      abandoned = true
    })
  })
  return Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(restore(Effect.catchAll(open, (refused) => orBroken(link, refused))), ({ channel, made }) =>
      Effect.as(
        Effect.addFinalizer(() => Effect.sync(() => channel.close())),
        made,
      ),
    ),
  )
}
