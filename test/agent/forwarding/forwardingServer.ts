import "../../support/builtNative.ts"
import type { Socket } from "node:net"
import { Effect, Layer, Logger, LogLevel } from "effect"
import { AuditReports } from "../../../src/agent/audit/AuditReports.ts"
import { PortForwarding } from "../../../src/agent/forwarding/PortForwarding.ts"
import type { LoginAccess } from "../../../src/agent/session/LoginAccess.ts"
import type { AuditEventDraft } from "../../../src/domain/AuditEvent.ts"
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
      isCrowded: Effect.succeed(false),
      wake: Effect.void,
    })
    const forwarding = yield* Effect.provide(PortForwarding, Layer.provide(PortForwarding.layer, reports))
    const granted = { portForwarding: true, fileTransfer: true, agentForwarding: true, ...access } as LoginAccess
    const one = (socket: Socket) =>
      Effect.flatMap(
        serve(socket, {
          hostKey: { privateKey: hostKey, certificate: hostCertificate() },
          authenticate: ({ username: login, certificate }) =>
            Effect.succeed({ user: certificate.keyId, login, certificate, access: granted }),
        }),
        forwarding.serve,
      ).pipe(Effect.scoped, Effect.ignore, Logger.withMinimumLogLevel(LogLevel.None))
    const port = yield* listen((socket) => void Effect.runFork(one(socket)))
    return { port, events }
  })
