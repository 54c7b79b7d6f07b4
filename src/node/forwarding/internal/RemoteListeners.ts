import { Effect, ExecutionStrategy, Exit, FiberSet, Option, Scope } from "effect"
import { ListenRequest } from "../../../ssh/ListenRequest.ts"
import type { SshConnection } from "../../../ssh/SshConnection.ts"
import type { AcceptedSocket, MachineSockets } from "../../machine/MachineSockets.ts"
import { ForwardFailed } from "../ForwardFailed.ts"
import { hostPort } from "./directForwards.ts"
import type { PortAudit } from "./PortAudit.ts"
import { passOn } from "./passOn.ts"

const mostListeners = 32

/** As sshd without `GatewayPorts`: whatever address a client asks for, this machine alone can connect. */
const loopback = "127.0.0.1"
const loopback6 = "::1"

interface Listening {
  readonly target: string
  readonly scope: Scope.CloseableScope
}

type Listen = Extract<ListenRequest, { readonly _tag: "Listen" }>

export interface RemoteListenersOptions {
  readonly connection: Pick<SshConnection<unknown>, "openForwarded">
  readonly sockets: Effect.Effect<MachineSockets, ForwardFailed>
  readonly audit: PortAudit
}

/** Answers a client's requests to listen (`-R`), one after the other. Listeners, and what they took, end with the scope. */
export const remoteListeners = Effect.fnUntraced(function* ({ connection, sockets, audit }: RemoteListenersOptions) {
  const outer = yield* Effect.scope
  const fork = yield* FiberSet.makeRuntime<never>()
  const listeners = new Map<string, Listening>()

  /** A connection that somebody made there, for the client. */
  const passToClient = (request: Listen, port: number, accepted: AcceptedSocket) => {
    const { originAddress, originPort } = accepted
    const forward = {
      direction: "remote" as const,
      target: hostPort(loopback, port),
      origin: hostPort(originAddress, originPort),
    }
    return connection.openForwarded({ host: request.host, port, originAddress, originPort }).pipe(
      Effect.tap(() => audit.opening(forward)),
      Effect.onError(() => accepted.reject),
      Effect.flatMap((channel) =>
        Effect.acquireUseRelease(
          accepted.accept,
          (socket) => passOn(audit, forward, channel, socket),
          (socket) => Effect.sync(() => socket.destroy()),
        ),
      ),
      Effect.catchAll(({ message }) => audit.failed(forward, message)),
      Effect.scoped,
    )
  }

  const listen = Effect.fnUntraced(function* (request: Listen, machine: MachineSockets) {
    const onSocket = (socket: AcceptedSocket): void => void fork(passToClient(request, port, socket))
    const port = yield* machine.listen(loopback, request.port, onSocket)
    // A machine without IPv6, or where that port is taken there, is served by the other.
    yield* Effect.option(machine.listen(loopback6, port, onSocket))
    yield* audit.listening("listen", hostPort(loopback, port))
    return port
  })

  const start = Effect.fnUntraced(function* (request: Listen) {
    if (listeners.size >= mostListeners) return yield* new ForwardFailed({ message: "there are too many listeners" })
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    const port = yield* Effect.flatMap(sockets, (machine) => Scope.extend(listen(request, machine), scope)).pipe(
      Effect.onError(() => Scope.close(scope, Exit.void)),
    )
    listeners.set(`${request.host}:${port}`, { target: hostPort(loopback, port), scope })
    yield* request.accept(port)
  })

  return ListenRequest.$match({
    Listen: (request) =>
      Effect.catchAll(start(request), ({ message }) =>
        Effect.zipRight(
          request.reject,
          audit.failed({ direction: "remote", target: hostPort(loopback, request.port), origin: "" }, message),
        ),
      ),
    Cancel: ({ host, port, accept, reject }) =>
      Effect.suspend(() => {
        const key = `${host}:${port}`
        const listening = Option.fromNullable(listeners.get(key))
        listeners.delete(key)
        return Option.match(listening, {
          onNone: () => reject,
          onSome: ({ scope, target }) =>
            Scope.close(scope, Exit.void).pipe(
              Effect.zipRight(Effect.ignoreLogged(audit.listening("cancel", target))),
              Effect.zipRight(accept),
            ),
        })
      }),
  })
})
