import type { AddressInfo, Socket } from "node:net"
import { Effect, ExecutionStrategy, Exit, FiberSet, Option, Scope } from "effect"
import { ListenRequest } from "../../../ssh/ListenRequest.ts"
import type { SshConnection } from "../../../ssh/SshConnection.ts"
import { ForwardFailed } from "../ForwardFailed.ts"
import type { LoginSockets } from "../LoginSockets.ts"
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
  readonly login: Effect.Effect<LoginSockets, ForwardFailed>
  readonly audit: PortAudit
}

const originOf = ({ remoteAddress = "", remotePort = 0 }: Socket) => ({
  originAddress: remoteAddress,
  originPort: remotePort,
})

/** Answers a client's requests to listen (`-R`), one after the other. Listeners, and what they took, end with the scope. */
export const remoteListeners = Effect.fnUntraced(function* ({ connection, login, audit }: RemoteListenersOptions) {
  const outer = yield* Effect.scope
  const fork = yield* FiberSet.makeRuntime<never>()
  const listeners = new Map<string, Listening>()

  /** A connection that somebody made here, for the client. */
  const passToClient = (request: Listen, port: number, socket: Socket) => {
    const origin = originOf(socket)
    const forward = {
      direction: "remote" as const,
      target: hostPort(loopback, port),
      origin: hostPort(origin.originAddress, origin.originPort),
    }
    return connection.openForwarded({ host: request.host, port, ...origin }).pipe(
      Effect.tap(() => audit.opening(forward)),
      Effect.flatMap((channel) => passOn(audit, forward, channel, socket)),
      Effect.catchAll(({ message }) => audit.failed(forward, message)),
      Effect.scoped,
      Effect.ensuring(Effect.sync(() => socket.destroy())),
    )
  }

  const listen = Effect.fnUntraced(function* (request: Listen, sockets: LoginSockets) {
    const onSocket = (socket: Socket): void => void fork(passToClient(request, port, socket))
    const server = yield* sockets.listen(loopback, request.port, onSocket)
    const { port } = server.address() as AddressInfo
    // A machine without IPv6, or where that port is taken there, is served by the other.
    yield* Effect.option(sockets.listen(loopback6, port, onSocket))
    yield* audit.listening("listen", hostPort(loopback, port))
    return port
  })

  const start = Effect.fnUntraced(function* (request: Listen) {
    if (listeners.size >= mostListeners) return yield* new ForwardFailed({ message: "there are too many listeners" })
    const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
    const port = yield* Effect.flatMap(login, (sockets) => Scope.extend(listen(request, sockets), scope)).pipe(
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
