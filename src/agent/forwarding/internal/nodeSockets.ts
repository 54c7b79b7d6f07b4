import { createServer, type Server, Socket } from "node:net"
import { Effect, type Scope } from "effect"
import { ForwardFailed } from "../../../node/forwarding/ForwardFailed.ts"

const failed = (what: string, error: unknown): ForwardFailed => {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED: "connection refused",
    ETIMEDOUT: "no answer",
    EHOSTUNREACH: "no way there",
    ENETUNREACH: "no way there",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EADDRINUSE: "the port is in use",
    ENOENT: "there is no such file",
  }
  return new ForwardFailed({ message: `${what}: ${reasons[code] ?? code}` })
}

const quiet = (socket: Socket): Socket => socket.on("error", () => undefined).setNoDelay(true)

/** A socket for the descriptor that `make` makes; destroyed with the scope. */
const ownSocket = (make: () => number, what: string): Effect.Effect<Socket, ForwardFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => quiet(new Socket({ fd: make(), allowHalfOpen: true })),
      catch: (error) => failed(what, error),
    }),
    (socket) => Effect.sync(() => socket.destroy()),
  )

/** Connects the socket that `make` makes; it is destroyed with the scope. What `make` throws has the system's `code`. */
export const connectSocket = (
  make: () => number,
  { host, port }: { readonly host: string; readonly port: number },
  what: string,
): Effect.Effect<Socket, ForwardFailed, Scope.Scope> =>
  Effect.tap(ownSocket(make, what), (socket) =>
    Effect.async<void, ForwardFailed>((resume) => {
      socket.once("error", (error) => resume(failed(what, error)))
      socket.connect({ host, port }, () => resume(Effect.void))
    }),
  )

/** The socket that `make` has connected already. */
export const connectedSocket = ownSocket

/**
 * Takes connections at the socket at which `make` listens, each handed to `onSocket` paused and to be destroyed by it. Stops with
 * the scope; connections live on.
 */
export const listenAt = (
  make: () => number,
  what: string,
  onSocket: (socket: Socket) => void,
): Effect.Effect<Server, ForwardFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Server, ForwardFailed>((resume) => {
      try {
        const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => onSocket(quiet(socket)))
        server.on("error", (error) => resume(failed(what, error)))
        server.listen({ fd: make() }, () => resume(Effect.succeed(server)))
      } catch (error) {
        resume(failed(what, error))
      }
    }),
    (server) => Effect.sync(() => server.close()),
  )
