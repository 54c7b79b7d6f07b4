import { connect, type Socket } from "node:net"
import { Effect, Stream } from "effect"
import { joinStreams } from "../../../ssh/JoinStreams.ts"
import type { IncomingTcpip } from "../../../ssh/RemoteListener.ts"
import type { SshClient } from "../../../ssh/SshClient.ts"
import { ExitWith } from "../../ExitWith.ts"
import { warn } from "../../Output.ts"
import type { ForwardSpec } from "./ForwardSpec.ts"

const connected = ({ host, port }: ForwardSpec) =>
  Effect.acquireRelease(
    Effect.sync(() => connect({ host, port, allowHalfOpen: true, noDelay: true }).on("error", () => undefined)),
    (socket) => Effect.sync(() => socket.destroy()),
  ).pipe(
    Effect.tap((socket) =>
      Effect.async<void, Error>((resume) => {
        socket.once("error", (error) => resume(Effect.fail(error)))
        socket.once("connect", () => resume(Effect.void))
      }),
    ),
  )

const passOn = (spec: ForwardSpec, incoming: IncomingTcpip) =>
  connected(spec).pipe(
    Effect.flatMap((socket: Socket) => Effect.flatMap(incoming.accept, (channel) => joinStreams(channel, socket))),
    Effect.catchAll(({ message }) => Effect.zipRight(warn(`msh: -R: ${message}\r`), incoming.reject(message))),
    Effect.scoped,
  )

/** `-R`: has the node listen, and connects to the target from here for each connection that is made there; as long as the scope. */
export const forwardRemotely = Effect.fnUntraced(function* (client: SshClient, spec: ForwardSpec) {
  const { listenPort } = spec
  const listener = yield* client
    .listen(spec.listenHost || "localhost", listenPort)
    .pipe(
      Effect.mapError(
        () => new ExitWith({ code: 255, message: `-R: the node does not let you listen at port ${listenPort} there` }),
      ),
    )
  if (listenPort === 0) yield* warn(`Allocated port ${listener.port} for remote forward to ${spec.host}:${spec.port}`)
  yield* Stream.runForEach(listener.connections, (incoming) => Effect.forkScoped(passOn(spec, incoming))).pipe(
    Effect.forkScoped,
  )
})
