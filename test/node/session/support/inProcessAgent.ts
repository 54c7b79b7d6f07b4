import "../../../support/builtNative.ts"
import { Effect, Layer, Logger, LogLevel, Option, type Scope } from "effect"
import { EnhancedRecording } from "../../../../src/agent/enhanced/EnhancedRecording.ts"
import { layerLocalMachine } from "../../../../src/agent/LocalMachine.ts"
import type { AccessGrant } from "../../../../src/domain/AccessGrant.ts"
import { AccessControl } from "../../../../src/node/access/AccessControl.ts"
import { AuditReports } from "../../../../src/node/audit/AuditReports.ts"
import { FileTransfers } from "../../../../src/node/files/FileTransfers.ts"
import { PortForwarding } from "../../../../src/node/forwarding/PortForwarding.ts"
import { Drain } from "../../../../src/node/session/Drain.ts"
import { NodeSessions } from "../../../../src/node/session/NodeSessions.ts"
import { RecordedSession } from "../../../../src/node/session/RecordedSession.ts"
import { type NodeKeys, serveConnection } from "../../../../src/node/session/serveConnection.ts"
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
  will: () => Effect.succeed({ change: () => Effect.void }),
  isCrowded: Effect.succeed(false),
  wake: Effect.void,
})

const layer = NodeSessions.layer({
  node: "web-1",
  cluster: "test",
  mode: Effect.succeed({ mode: "off", source: "cluster" }),
}).pipe(
  Layer.provide(Layer.provide(layerLocalMachine, EnhancedRecording.layer(Option.none()))),
  Layer.provide([unrecorded, PortForwarding.layer, FileTransfers.layer, Drain.layer]),
  Layer.provideMerge(AccessControl.layer("web-1")),
  Layer.provideMerge(Layer.merge(SessionRegistry.layer, unheard)),
)

/** An agent's own way to serve connections, each with this grant; its port on loopback. */
export const inProcessAgent = (keys: NodeKeys, grant: AccessGrant): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function* () {
    const services = yield* Layer.build(layer)
    return yield* listen((transport) => {
      const incoming = { connectionId: "test", remoteAddress: "127.0.0.1:4022", grant, transport }
      void Effect.runFork(
        serveConnection(incoming, keys).pipe(
          Effect.scoped,
          Effect.provide(services),
          Logger.withMinimumLogLevel(LogLevel.None),
        ),
      )
    })
  })
