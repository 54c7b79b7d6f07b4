import { createServer, type Socket } from "node:net"
import { Effect, FiberSet, type Scope } from "effect"
import { joinStreams } from "../../../ssh/JoinStreams.ts"
import type { SshClient } from "../../../ssh/SshClient.ts"
import { ExitWith } from "../../ExitWith.ts"
import { warn } from "../../Output.ts"
import type { Stdio } from "../../Stdio.ts"
import type { ForwardSpec } from "./ForwardSpec.ts"

/** As ssh(1): on loopback unless told; `*` is everywhere. */
const addressOf = ({ listenHost }: ForwardSpec): string => {
  if (listenHost === "*") return "::"
  return listenHost === "" || listenHost === "localhost" ? "127.0.0.1" : listenHost
}

const listening = (spec: ForwardSpec, onSocket: (socket: Socket) => void) =>
  Effect.acquireRelease(
    Effect.async<{ readonly close: () => void }, ExitWith>((resume) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, onSocket)
      const { listenPort: port } = spec
      server.on("error", (error) =>
        resume(new ExitWith({ code: 255, message: `-L: cannot listen at port ${port} here: ${error.message}` })),
      )
      server.listen({ host: addressOf(spec), port }, () => resume(Effect.succeed({ close: () => void server.close() })))
    }),
    ({ close }) => Effect.sync(close),
  )

/** `-L`: listens here, and has the node connect to the target for each connection that is made; as long as the scope. */
export const forwardLocally = Effect.fnUntraced(function* (
  client: SshClient,
  spec: ForwardSpec,
): Effect.fn.Return<void, ExitWith, Scope.Scope | Stdio> {
  const fork = yield* FiberSet.makeRuntime<Stdio>()
  const passOn = (socket: Socket) =>
    client
      .directTcpip({
        host: spec.host,
        port: spec.port,
        originAddress: socket.remoteAddress ?? "127.0.0.1",
        originPort: socket.remotePort ?? 0,
      })
      .pipe(
        Effect.flatMap((channel) => joinStreams(channel, socket)),
        Effect.catchAll(({ message }) => warn(`msh: ${spec.host}:${spec.port}: ${message}\r`)),
        Effect.scoped,
        Effect.ensuring(Effect.sync(() => socket.destroy())),
      )
  yield* listening(spec, (socket) => {
    socket.on("error", () => socket.destroy())
    fork(passOn(socket))
  })
})
