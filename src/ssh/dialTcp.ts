import { connect, type Socket } from "node:net"
import { Duration, Effect, type Scope } from "effect"
import { plainReason } from "../domain/plainReason.ts"
import { SshConnectionError } from "./SshError.ts"

const connected = (socket: Socket): Effect.Effect<void, SshConnectionError> =>
  Effect.async((resume) => {
    socket.once("connect", () => resume(Effect.void))
    socket.once("error", (cause) =>
      resume(new SshConnectionError({ reason: "unreachable", message: plainReason(cause) })),
    )
  })

/** A TCP connection for `SshClient.connect`, tried at all the addresses that a name has; destroyed with the scope. */
export const dialTcp = (
  host: string,
  port: number,
  limit: Duration.DurationInput,
): Effect.Effect<Socket, SshConnectionError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 })
      // Those that come when nobody waits for the connection any more, or nobody serves it yet.
      return socket.on("error", () => undefined)
    }),
    (socket) => Effect.sync(() => socket.destroy()),
  ).pipe(
    Effect.tap((socket) =>
      Effect.timeoutFail(connected(socket), {
        duration: limit,
        onTimeout: () =>
          new SshConnectionError({ reason: "timeout", message: `no connection within ${Duration.format(limit)}` }),
      }),
    ),
  )
