import { Effect, Exit, FiberSet, Option, Scope } from "effect"
import type { WebSocket } from "ws"
import { defaultHeartbeat, type Heartbeat } from "../../../api/transport/Heartbeat.ts"
import type { OpenError } from "../../../api/transport/OpenWebSocket.ts"
import { maxDialled, paths } from "../../../api/transport/TunnelMessages.ts"
import { maxTunnelMessage } from "../../../api/transport/WebSocketDuplex.ts"
import type { IncomingConnection } from "../../../node/session/IncomingConnection.ts"
import type { ConnectionHandler } from "../TunnelClient.ts"
import { awaitAnnouncement } from "./AwaitAnnouncement.ts"

interface PoolOptions {
  readonly warm?: number
  readonly maxConnections?: number
  readonly dial: (path: string, maxPayload: number) => Effect.Effect<WebSocket, OpenError, Scope.Scope>
  readonly handler: ConnectionHandler
  /** Where connections live on when the control connection has gone. */
  readonly connections: FiberSet.FiberSet<void>
}

/** After a tunnel broke off or could not be dialled. */
const lostTunnelDelay = "2 seconds"

/** A handler's own fiber and scope; a defect in it is told in the log and concerns nothing else. */
const serve = (handler: ConnectionHandler, connection: IncomingConnection, scope: Scope.CloseableScope) =>
  Effect.scoped(handler(connection)).pipe(
    Effect.catchAllCause((cause) => Effect.logError("a connection's handler died", cause)),
    Effect.ensuring(Effect.sync(() => connection.transport.destroy())),
    Effect.onExit((exit) => Scope.close(scope, exit)),
    Effect.annotateLogs({ connection: connection.connectionId }),
  )

/** Keeps tunnels warm beside one control connection, and dials more when the hub asks; those that wait end with the scope. */
export const makeTunnelPool = Effect.fn("TunnelPool.make")(function* (options: PoolOptions) {
  const { warm = 2, maxConnections = 1024, connections } = options
  const waiting = yield* FiberSet.make<void>()
  const fork = yield* FiberSet.runtime(waiting)<never>()
  let idle = 0
  let heartbeat = defaultHeartbeat

  const dialAndWait = (scope: Scope.Scope) =>
    options.dial(paths.tunnel, maxTunnelMessage).pipe(
      Effect.flatMap((socket) => awaitAnnouncement(socket, heartbeat)),
      Scope.extend(scope),
      Effect.tapError(({ message }) => Effect.logWarning("a tunnel cannot be dialled", message)),
      Effect.orElseSucceed(() => Option.none<IncomingConnection>()),
    )

  const tunnel = Effect.gen(function* () {
    const scope = yield* Scope.make()
    const connection = yield* dialAndWait(scope).pipe(
      Effect.onExit((exit) =>
        Exit.isSuccess(exit) && Option.isSome(exit.value) ? Effect.void : Scope.close(scope, exit),
      ),
    )
    if (Option.isSome(connection)) yield* FiberSet.run(connections, serve(options.handler, connection.value, scope))
    return Option.isSome(connection)
  })

  /** One tunnel's life until it is used or lost; another takes its place, after a while where it was lost. */
  const keepOne: Effect.Effect<void> = Effect.gen(function* () {
    const hasRoom = (yield* FiberSet.size(connections)) + idle <= maxConnections
    if (!hasRoom) yield* Effect.logWarning("too many connections; the hub asks for more")
    const used = hasRoom && (yield* tunnel)
    idle -= 1
    if (!used) yield* Effect.sleep(lostTunnelDelay)
    fill()
  })

  const dial = (count: number): void => {
    for (let i = 0; i < count && idle < maxDialled; i++) {
      idle += 1
      fork(keepOne)
    }
  }
  const fill = () => dial(warm - idle)
  /** Dials the first ones, the hub's rate of pings being known. */
  const begin = (told: Heartbeat): void => {
    heartbeat = told
    fill()
  }
  return { dial, begin }
})
