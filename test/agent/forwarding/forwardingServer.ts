import "../../support/builtNative.ts"
import type { Socket } from "node:net"
import { Effect, Layer, Logger, LogLevel, Option } from "effect"
import { EnhancedRecording } from "../../../src/agent/enhanced/EnhancedRecording.ts"
import { layerLocalMachine } from "../../../src/agent/LocalMachine.ts"
import type { AuditEventDraft } from "../../../src/domain/AuditEvent.ts"
import { AuditReports } from "../../../src/node/audit/AuditReports.ts"
import { PortForwarding } from "../../../src/node/forwarding/PortForwarding.ts"
import { Machine } from "../../../src/node/machine/Machine.ts"
import type { LoginAccess } from "../../../src/node/session/LoginAccess.ts"
import { serve } from "../../../src/ssh/SshServer.ts"
import { hostCertificate, hostKey, listen } from "../../ssh/support/workspace.ts"

/** An agent's SSH server that forwards and does nothing else: its port, and what it tells the audit log. */
export const forwardingServer = (access: Partial<LoginAccess> = {}) =>
  Effect.gen(function* () {
    const events: Array<AuditEventDraft> = []
    const tell = (event: AuditEventDraft) => Effect.sync(() => void events.push(event))
    const reports = Layer.succeed(AuditReports, {
      report: (event) => Effect.as(tell(event), { delivered: Effect.void }),
      tell,
      will: () => Effect.succeed({ change: () => Effect.void }),
      isCrowded: Effect.succeed(false),
      wake: Effect.void,
    })
    const local = Layer.provide(layerLocalMachine, EnhancedRecording.layer(Option.none()))
    const services = Layer.provide(Layer.merge(PortForwarding.layer, local), reports)
    const [forwarding, machine] = yield* Effect.provide(Effect.all([PortForwarding, Machine]), services)
    const granted = { portForwarding: true, fileTransfer: true, agentForwarding: true, ...access } as LoginAccess
    const one = (socket: Socket) =>
      Effect.flatMap(
        serve(socket, {
          hostKey: { privateKey: hostKey, certificate: hostCertificate() },
          authenticate: ({ username: login, certificate }) =>
            Effect.succeed({ user: certificate.keyId, login, certificate, access: granted }),
        }),
        (connection) =>
          Effect.flatMap(machine.connect(connection), ({ sockets }) => forwarding.serve(connection, sockets)),
      ).pipe(Effect.scoped, Effect.ignore, Logger.withMinimumLogLevel(LogLevel.None))
    const port = yield* listen((socket) => void Effect.runFork(one(socket)))
    return { port, events }
  })
