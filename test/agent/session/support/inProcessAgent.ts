import "../../../support/builtNative.ts"
import { Effect, Layer, Logger, LogLevel, Option, type Scope } from "effect"
import { AccessControl } from "../../../../src/agent/access/AccessControl.ts"
import { AuditReports } from "../../../../src/agent/audit/AuditReports.ts"
import { EnhancedRecording } from "../../../../src/agent/enhanced/EnhancedRecording.ts"
import { FileTransfers } from "../../../../src/agent/files/FileTransfers.ts"
import { PortForwarding } from "../../../../src/agent/forwarding/PortForwarding.ts"
import type { NodeIdentity } from "../../../../src/agent/identity/NodeIdentity.ts"
import { AgentSessions } from "../../../../src/agent/session/AgentSessions.ts"
import { Drain } from "../../../../src/agent/session/Drain.ts"
import { RecordedSession } from "../../../../src/agent/session/RecordedSession.ts"
import { serveConnection } from "../../../../src/agent/session/serveConnection.ts"
import type { AccessGrant } from "../../../../src/domain/AccessGrant.ts"
import { RecordingLost } from "../../../../src/session/RecordingSink.ts"
import * as Session from "../../../../src/session/Session.ts"
import { SessionRegistry } from "../../../../src/session/SessionRegistry.ts"
import { listen } from "../../../ssh/support/workspace.ts"

/** Sessions whose frames go nowhere. */
const unrecorded = Layer.succeed(RecordedSession, {
  run: (info, client, terminal, observation) =>
    Effect.scoped(
      Session.run({
        info,
        client,
        terminal,
        local: {
          offer: () => undefined,
          keep: () => true,
          ready: Effect.void,
          failure: Effect.never,
          finish: () => Effect.void,
        },
        remote: Option.none(),
        windowBytes: 65_536,
        recordSecrets: false,
        observation,
      }),
    ).pipe(Effect.mapError((error) => (error._tag === "TerminalError" ? error : new RecordingLost(error)))),
})

const unheard = Layer.succeed(AuditReports, {
  report: () => Effect.succeed({ delivered: Effect.void }),
  tell: () => Effect.void,
  isCrowded: Effect.succeed(false),
  wake: Effect.void,
})

const layer = AgentSessions.layer({
  node: "web-1",
  cluster: "test",
  mode: Effect.succeed({ mode: "off", source: "cluster" }),
}).pipe(
  Layer.provide([unrecorded, PortForwarding.layer, EnhancedRecording.layer(Option.none())]),
  Layer.provide(Drain.layer),
  Layer.provide([unrecorded, PortForwarding.layer, FileTransfers.layer]),
  Layer.provideMerge(AccessControl.layer("web-1")),
  Layer.provideMerge(Layer.merge(SessionRegistry.layer, unheard)),
)

/** An agent's own way to serve connections, each with this grant; its port on loopback. */
export const inProcessAgent = (identity: NodeIdentity, grant: AccessGrant): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function* () {
    const services = yield* Layer.build(layer)
    return yield* listen((transport) => {
      const incoming = { connectionId: "test", remoteAddress: "127.0.0.1:4022", grant, transport }
      void Effect.runFork(
        serveConnection(incoming, identity).pipe(
          Effect.scoped,
          Effect.provide(services),
          Logger.withMinimumLogLevel(LogLevel.None),
        ),
      )
    })
  })
