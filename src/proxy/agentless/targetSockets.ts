import type { Duplex } from "node:stream"
import { Effect, Option, type Scope, Stream } from "effect"
import { escapeText } from "../../domain/escapeText.ts"
import { ForwardFailed } from "../../node/forwarding/ForwardFailed.ts"
import type { AcceptedSocket, MachineSockets } from "../../node/machine/MachineSockets.ts"
import type { SshClient } from "../../ssh/SshClient.ts"
import type { ChannelRefused } from "../../ssh/SshError.ts"

/** Where the hub, which is no client of the target's, says that connections come from. */
const origin = { originAddress: "127.0.0.1", originPort: 0 }

const somewhere = (socket: Duplex) => ({ socket, address: Option.none() })

/** The target's own sshd decides what it connects to and where it listens. */
export const targetSockets = (ssh: SshClient): MachineSockets => {
  const failed = <A>(opened: Effect.Effect<A, ChannelRefused, Scope.Scope>) =>
    Effect.mapError(opened, ({ message }) => new ForwardFailed({ message: escapeText(message) }))
  return {
    connect: (host, port) => Effect.map(failed(ssh.directTcpip({ host, port, ...origin })), somewhere),
    connectUnix: (path) => Effect.map(failed(ssh.directStreamlocal(path)), somewhere),
    listen: Effect.fnUntraced(function* (address, port, onSocket: (socket: AcceptedSocket) => void) {
      const listener = yield* failed(ssh.listen(address, port))
      yield* Effect.forkScoped(
        Stream.runForEach(listener.connections, ({ originAddress, originPort, accept, reject }) =>
          Effect.sync(() =>
            onSocket({ originAddress, originPort, accept, reject: reject("the client does not take it") }),
          ),
        ),
      )
      return listener.port
    }),
  }
}
