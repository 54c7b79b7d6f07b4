import type { Server, Socket } from "node:net"
import { Effect, type Scope } from "effect"

/** How long what was written last may take to go out, in milliseconds. */
const lingerMs = 1_000

const closeAll = (open: ReadonlySet<Socket>): Effect.Effect<void> =>
  Effect.async((resume) => {
    let left = open.size
    if (left === 0) return resume(Effect.void)
    const timer = setTimeout(() => {
      for (const socket of open) socket.destroy()
    }, lingerMs)
    for (const socket of open) {
      socket.once("close", () => {
        left -= 1
        if (left > 0) return
        clearTimeout(timer)
        resume(Effect.void)
      })
      socket.destroySoon()
    }
  })

/**
 * Keeps count of a server's connections, and closes those that are left when the scope ends, after what was written to
 * them. To be asked for before what serves them, which then ends first and may say goodbye.
 */
export const openConnections = (server: Server): Effect.Effect<void, never, Scope.Scope> => {
  const open = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    open.add(socket)
    socket.once("close", () => open.delete(socket))
  })
  return Effect.addFinalizer(() => closeAll(open))
}
