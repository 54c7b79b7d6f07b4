import { Context, Effect, FiberSet, Layer, Stream } from "effect"
import type { ListenRequest } from "../../ssh/ListenRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import { AuditReports } from "../audit/AuditReports.ts"
import type { MachineConnection } from "../machine/Machine.ts"
import type { CertifiedLogin } from "../session/CertifiedLogin.ts"
import { forwardOf, hostPort, serveDirect } from "./internal/directForwards.ts"
import { portAudit } from "./internal/PortAudit.ts"
import { remoteListeners } from "./internal/RemoteListeners.ts"

type Connection = SshConnection<CertifiedLogin>

/** Serves the ports that the clients of SSH connections forward (`-L`, `-R`, `-D`): not recorded, but audited. */
export class PortForwarding extends Context.Tag("mezite/node/PortForwarding")<
  PortForwarding,
  {
    /** Until the connection has closed; interrupted, it cuts what is forwarded. */
    readonly serve: (connection: Connection, sockets: MachineConnection["sockets"]) => Effect.Effect<void>
  }
>() {
  static readonly layer: Layer.Layer<PortForwarding, never, AuditReports> = Layer.effect(
    PortForwarding,
    Effect.map(AuditReports, (reports) => ({
      serve: (connection: Connection, sockets: MachineConnection["sockets"]) => serve(reports, connection, sockets),
    })),
  )
}

const refusal = "port forwarding is not allowed for you on this node"

const serve = Effect.fn("PortForwarding.serve")(function* (
  reports: AuditReports["Type"],
  connection: Connection,
  sockets: MachineConnection["sockets"],
) {
  const { user, login, access } = connection.identity
  const audit = yield* portAudit(reports, { user, login, remote_address: connection.remoteAddress })
  if (!access.portForwarding) {
    yield* Effect.all(
      [
        Stream.runForEach(connection.forwards, (request) =>
          Effect.zipRight(request.reject(refusal), audit.refused(forwardOf(request), refusal)),
        ),
        Stream.runForEach(connection.listens, (request: ListenRequest) =>
          Effect.zipRight(
            request.reject,
            audit.refused({ direction: "remote", target: hostPort(request.host, request.port), origin: "" }, refusal),
          ),
        ),
      ],
      { concurrency: "unbounded", discard: true },
    )
    return
  }
  const fork = yield* FiberSet.makeRuntime<never>()
  const answer = yield* remoteListeners({ connection, sockets, audit })
  yield* Effect.all(
    [
      Stream.runForEach(connection.forwards, (request) =>
        Effect.sync(() => fork(serveDirect(request, sockets, audit))),
      ),
      Stream.runForEach(connection.listens, answer),
    ],
    { concurrency: "unbounded", discard: true },
  )
}, Effect.scoped)
