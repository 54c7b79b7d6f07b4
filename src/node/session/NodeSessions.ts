import { Context, Effect, Fiber, Layer, Option, Stream } from "effect"
import { escapeText } from "../../domain/escapeText.ts"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { ChosenMode } from "../../domain/RecordingMode.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { SessionRegistry } from "../../session/SessionRegistry.ts"
import { checkValidity } from "../../ssh/CertificateVerification.ts"
import type { SessionChannel } from "../../ssh/SessionChannel.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import { AuditReports } from "../audit/AuditReports.ts"
import { FileTransfers } from "../files/FileTransfers.ts"
import { PortForwarding } from "../forwarding/PortForwarding.ts"
import { Machine, type MachineConnection, type MachineLogin } from "../machine/Machine.ts"
import { NodeHost } from "../NodeHost.ts"
import type { CertifiedLogin } from "./CertifiedLogin.ts"
import { Drain } from "./Drain.ts"
import { describeSession } from "./describeSession.ts"
import { endReason } from "./endReason.ts"
import { failed, farewell, lost } from "./farewell.ts"
import type { RecordedSession } from "./RecordedSession.ts"
import { recordRequest } from "./recordRequest.ts"
import { notice } from "./sessionMessages.ts"
import { sessionRejected } from "./sessionRejected.ts"

export interface NodeSessionsOptions {
  readonly node: string
  readonly cluster: string
  /** The mode of a session that begins now. */
  readonly mode: Effect.Effect<ChosenMode>
}

type Connection = SshConnection<CertifiedLogin>
type Services = RecordedSession | Machine | SessionRegistry | AuditReports | PortForwarding | FileTransfers | Drain

/** A request, once it has a channel. */
interface Asked {
  readonly info: SessionInfo & { readonly sessionId: SessionId }
  readonly connection: Connection
  readonly machine: MachineConnection
  readonly request: SessionRequest
  readonly channel: SessionChannel
}

const noSubsystem = "this node does not have that subsystem"

/** Runs what the clients of SSH connections ask for: shells and commands, recorded; file transfers and forwarded ports, audited. */
export class NodeSessions extends Context.Tag("mezite/node/NodeSessions")<
  NodeSessions,
  {
    /** Serves a connection's sessions until it is closed. */
    readonly serve: (connection: Connection) => Effect.Effect<void>
  }
>() {
  static readonly layer = (options: NodeSessionsOptions): Layer.Layer<NodeSessions, never, Services> =>
    Layer.effect(NodeSessions, make(options))
}

const make = ({ node, cluster, mode }: NodeSessionsOptions) =>
  Effect.gen(function* () {
    const services = yield* Effect.context<RecordedSession | AuditReports>()
    const registry = yield* SessionRegistry
    const reports = yield* AuditReports
    const drain = yield* Drain
    const forwarding = yield* PortForwarding
    const transfers = yield* FileTransfers
    const machine = yield* Machine
    const host = yield* NodeHost

    const refuse = Effect.fnUntraced(function* (
      { info, channel }: Pick<Asked, "info" | "channel">,
      {
        shown,
        reason,
        exit = failed,
      }: { readonly shown: string; readonly reason: string; readonly exit?: typeof lost },
    ) {
      yield* Effect.logWarning(`refused: ${reason}`)
      yield* reports.tell(sessionRejected(info, reason))
      yield* farewell(channel, notice(shown, info.terminal !== undefined), exit)
    })

    const record = (asked: Asked, login: MachineLogin) =>
      Effect.suspend(() => {
        let began = false
        const onBegin = Effect.sync(() => {
          began = true
        })
        return recordRequest({ ...asked, login, onBegin }).pipe(
          Effect.provide(services),
          Effect.catchAll((error) => {
            const what = began ? "the session has ended" : "the session cannot begin"
            const text = error._tag === "RecordingLost" ? `${what}: ${error.message}` : error.message
            const rejected = began ? Effect.void : reports.tell(sessionRejected(asked.info, error.message))
            const end = farewell(asked.channel, notice(text, asked.info.terminal !== undefined))
            return Effect.logWarning(text).pipe(Effect.zipRight(rejected), Effect.zipRight(end))
          }),
        )
      })

    const run = (asked: Asked, login: MachineLogin) => {
      const { info, connection, request, channel } = asked
      const transfer = login.transferIn(request)
      if (Option.isSome(transfer)) {
        const isAllowed = connection.identity.access.fileTransfer
        return transfers.run({ info, login, transfer: transfer.value, channel, isAllowed })
      }
      if (request.kind._tag !== "Subsystem") return record(asked, login)
      const { name } = request.kind
      const reason = `the subsystem "${escapeText(name)}" is not available on this node`
      return refuse(asked, { shown: name === "sftp" ? login.noSftp : noSubsystem, reason })
    }

    // Before anything is recorded: whom the machine does not let in has no session.
    const letIn = (asked: Asked) =>
      Effect.matchEffect(asked.machine.login(asked.info.sessionId), {
        onSuccess: (login) => run(asked, login),
        onFailure: ({ message }) => refuse(asked, { shown: message, reason: message, exit: lost }),
      })

    const supervise = Effect.fnUntraced(function* (asked: Asked) {
      const onTerminal = asked.info.terminal !== undefined
      const say = (text: string) => Effect.ignore(asked.channel.writeStderr(notice(text, onTerminal)))
      const tell = (text: string) => farewell(asked.channel, notice(text, onTerminal))
      yield* Effect.forkScoped(Stream.runForEach(yield* drain.notices, say))
      const running = yield* Effect.fork(
        Effect.tapDefect(letIn(asked), (cause) =>
          Effect.zipRight(Effect.logError("a session failed", cause), tell(`the ${host} failed; its log tells why`)),
        ),
      )
      // At once: programs that ignore SIGHUP, and the end of the recording, take their time.
      yield* Effect.onInterrupt(Fiber.join(running), () =>
        Effect.all(
          [
            Fiber.interrupt(running),
            Effect.flatMap(endReason(host), (reason) => tell(`the session has ended: ${reason}`)),
          ],
          { concurrency: "unbounded", discard: true },
        ),
      )
    }, Effect.scoped)

    const start = Effect.fnUntraced(function* (
      connection: Connection,
      machineConnection: MachineConnection,
      request: SessionRequest,
    ) {
      const setting = { node, cluster, mode: yield* mode, enhanced: yield* machine.observes }
      const info = yield* describeSession(connection, request, setting)
      const about = { info, connection, machine: machineConnection, request }
      const accepted = Effect.map(request.accept, (channel): Asked => ({ ...about, channel }))
      // A connection may last longer than its certificate, without which the hub takes no session's recording.
      const stillCertified = Effect.suspend(() => checkValidity(connection.identity.certificate, info.startedAtMs))
      // Not as a session: those that end are waited for.
      yield* Effect.matchEffect(Effect.zipRight(drain.check, stillCertified), {
        onSuccess: () => registry.start(info, Effect.flatMap(accepted, supervise)),
        onFailure: ({ message }) =>
          Effect.fork(
            Effect.flatMap(accepted, (asked) => refuse(asked, { shown: message, reason: message, exit: lost })),
          ),
      })
    })

    return NodeSessions.of({
      serve: Effect.fn("NodeSessions.serve")(function* (connection: Connection) {
        const connected = yield* machine.connect(connection)
        yield* Effect.all(
          [
            Stream.runForEach(connection.sessions, (request) => start(connection, connected, request)),
            forwarding.serve(connection, connected.sockets),
          ],
          { concurrency: "unbounded", discard: true },
        )
        yield* connection.closed
      }, Effect.scoped),
    })
  })
