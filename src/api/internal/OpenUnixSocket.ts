import { createConnection, type Socket } from "node:net"
import { Effect, type Scope } from "effect"
import { plainReason } from "../../domain/plainReason.ts"
import { HubUnreachable } from "../HubUnreachable.ts"

const open = (path: string): Effect.Effect<Socket, HubUnreachable> =>
  Effect.async((resume) => {
    const socket = createConnection({ path })
    socket.on("error", (error) =>
      resume(Effect.fail(new HubUnreachable({ message: `cannot reach the hub at ${path}: ${plainReason(error)}` }))),
    )
    socket.once("connect", () => resume(Effect.succeed(socket)))
    return Effect.sync(() => socket.destroy())
  })

/** Connects to a unix socket, within 10 s; closed with the scope. */
export const openUnixSocket = (path: string): Effect.Effect<Socket, HubUnreachable, Scope.Scope> =>
  Effect.acquireRelease(
    open(path).pipe(
      Effect.timeoutFail({
        duration: "10 seconds",
        onTimeout: () => new HubUnreachable({ message: `the hub at ${path} did not answer within 10 s` }),
      }),
      Effect.interruptible,
    ),
    (socket) => Effect.sync(() => socket.destroy()),
  )
