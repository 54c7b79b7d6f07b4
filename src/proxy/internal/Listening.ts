import type { Server } from "node:net"
import { Effect, type Scope } from "effect"
import { type ListenAddress, showListenAddress } from "../ListenAddress.ts"
import { ListenError } from "../ListenError.ts"

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL: "this machine has no such address",
}

const listen = (server: Server, address: ListenAddress): Effect.Effect<ListenAddress, ListenError> =>
  Effect.async((resume) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = reasons[error.code ?? ""] ?? error.message
      resume(Effect.fail(new ListenError({ message: `cannot listen at ${showListenAddress(address)}: ${reason}` })))
    })
    server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
      server.removeAllListeners("error")
      // Accepting may fail now and then, for want of file descriptors; the next connection is another matter.
      server.on("error", () => {})
      const bound = server.address()
      const port = typeof bound === "object" && bound !== null ? bound.port : address.port
      resume(Effect.succeed({ host: address.host, port }))
    })
  })

/** Binds a server, and gives the address with its real port; it stops listening with the scope. */
export const listening = (
  server: Server,
  address: ListenAddress,
): Effect.Effect<ListenAddress, ListenError, Scope.Scope> =>
  Effect.acquireRelease(listen(server, address), () => Effect.sync(() => server.close()))
