import type { Socket } from "node:net"
import { Effect, FiberSet, Option, type Scope } from "effect"
import type { CertifiedLogin } from "../../node/session/CertifiedLogin.ts"
import { joinStreams } from "../../ssh/JoinStreams.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import type { LoginUser } from "../terminal/LoginUser.ts"
import { loginSockets } from "./LoginSockets.ts"

/**
 * Where programs of a session find the authentication agent that its client offers (`ssh -A`): the path of a socket for that
 * account alone, removed with the scope. None where the client offers none, may not, or the socket cannot be had, as with sshd;
 * the session goes on without.
 */
export const forwardedAgent = Effect.fn("forwardedAgent")(function* (
  connection: SshConnection<CertifiedLogin>,
  request: SessionRequest,
  user: LoginUser,
): Effect.fn.Return<Option.Option<string>, never, Scope.Scope> {
  if (!request.agentForwarding) return Option.none()
  if (!connection.identity.access.agentForwarding) {
    yield* Effect.logInfo("the client's agent is not forwarded: that is not allowed for this user on this node")
    return Option.none()
  }
  const fork = yield* FiberSet.makeRuntime<never>()
  const passOn = (socket: Socket) =>
    connection.openAgent.pipe(
      Effect.flatMap((channel) => joinStreams(channel, socket)),
      Effect.catchAll(({ message }) => Effect.logInfo(`the client's agent does not answer: ${message}`)),
      Effect.scoped,
      Effect.ensuring(Effect.sync(() => socket.destroy())),
    )
  return yield* loginSockets(user).pipe(
    Effect.flatMap((sockets) => sockets.listenPrivately((socket) => void fork(passOn(socket)))),
    Effect.tapError(({ message }) => Effect.logWarning(`the client's agent cannot be forwarded: ${message}`)),
    Effect.option,
  )
})
