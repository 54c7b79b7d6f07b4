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
import { EnhancedRecording } from "../enhanced/EnhancedRecording.ts"
import { FileTransfers } from "../files/FileTransfers.ts"
import { hasOpenShell, recogniseTransfer } from "../files/recogniseTransfer.ts"
import { PortForwarding } from "../forwarding/PortForwarding.ts"
import { LoginUser } from "../terminal/LoginUser.ts"
import type { CertifiedLogin } from "./CertifiedLogin.ts"
import { Drain } from "./Drain.ts"
import { describeSession } from "./describeSession.ts"
import { endReason } from "./endReason.ts"
import { failed, farewell, lost } from "./farewell.ts"
import type { RecordedSession } from "./RecordedSession.ts"
import { recordRequest } from "./recordRequest.ts"
import { notice } from "./sessionMessages.ts"
import { sessionRejected } from "./sessionRejected.ts"

export interface AgentSessionsOptions {
  readonly node: string
  readonly cluster: string
  /** The mode of a session that begins now. */
  readonly mode: Effect.Effect<ChosenMode>
}

type Connection = SshConnection<CertifiedLogin>
type Services =
  | RecordedSession
  | EnhancedRecording
  | SessionRegistry
  | AuditReports
  | PortForwarding
  | FileTransfers
  | Drain

/** A request, once it has a channel. */
interface Asked {
  readonly info: SessionInfo & { readonly sessionId: SessionId }
  readonly connection: Connection
  readonly request: SessionRequest
  readonly channel: SessionChannel
}

const noSubsystem = "this node does not have that subsystem"
const restrictedShell = "this login has a restricted shell, beside which no files are transferred"
const noSftpServer = "this node has no sftp-server: install openssh-sftp-server there"

/** Runs what the clients of SSH connections ask for: shells and commands, recorded; file transfers and forwarded ports, audited. */
export class AgentSessions extends Context.Tag("mezite/agent/AgentSessions")<
  AgentSessions,
  {
    /** Serves a connection's sessions until it is closed. */
    readonly serve: (connection: Connection) => Effect.Effect<void>
  }
>() {
  static readonly layer = (options: AgentSessionsOptions): Layer.Layer<AgentSessions, never, Services> =>
    Layer.effect(AgentSessions, make(options))
}

const make = ({ node, cluster, mode }: AgentSessionsOptions) =>
  Effect.gen(function* () {
    const services = yield* Effect.context<RecordedSession | EnhancedRecording>()
    const registry = yield* SessionRegistry
    const reports = yield* AuditReports
    const drain = yield* Drain
    const forwarding = yield* PortForwarding
    const transfers = yield* FileTransfers
    const enhanced = yield* EnhancedRecording

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

    const record = (asked: Asked, user: LoginUser) =>
      Effect.suspend(() => {
        let began = false
        const onBegin = Effect.sync(() => {
          began = true
        })
        return recordRequest({ ...asked, user, onBegin }).pipe(
          Effect.provide(services),
          Effect.catchAll((error) => {
            const text = error._tag === "RecordingLost" ? `the session has ended: ${error.message}` : error.message
            const rejected = began ? Effect.void : reports.tell(sessionRejected(asked.info, error.message))
            const end = farewell(asked.channel, notice(text, asked.info.terminal !== undefined))
            return Effect.logWarning(text).pipe(Effect.zipRight(rejected), Effect.zipRight(end))
          }),
        )
      })

    const run = (asked: Asked, user: LoginUser) => {
      const { info, connection, request, channel } = asked
      const transfer = recogniseTransfer(request, user)
      if (Option.isSome(transfer)) {
        const isAllowed = connection.identity.access.fileTransfer
        return transfers.run({ info, user, transfer: transfer.value, channel, isAllowed })
      }
      if (request.kind._tag !== "Subsystem") return record(asked, user)
      const { name } = request.kind
      const reason = `the subsystem "${escapeText(name)}" is not available on this node`
      const sftp = hasOpenShell(user) ? noSftpServer : restrictedShell
      return refuse(asked, { shown: name === "sftp" ? sftp : noSubsystem, reason })
    }

    // Before anything is recorded: whom this machine does not let in has no session.
    const letIn = (asked: Asked) =>
      Effect.matchEffect(LoginUser.find(asked.info.login), {
        onSuccess: (user) => run(asked, user),
        onFailure: ({ message }) => refuse(asked, { shown: message, reason: message, exit: lost }),
      })

    const supervise = Effect.fnUntraced(function* (asked: Asked) {
      const onTerminal = asked.info.terminal !== undefined
      const say = (text: string) => Effect.ignore(asked.channel.writeStderr(notice(text, onTerminal)))
      const tell = (text: string) => farewell(asked.channel, notice(text, onTerminal))
      yield* Effect.forkScoped(Stream.runForEach(yield* drain.notices, say))
      const running = yield* Effect.fork(
        Effect.tapDefect(letIn(asked), (cause) =>
          Effect.zipRight(Effect.logError("a session failed", cause), tell("the agent failed; its log tells why")),
        ),
      )
      // At once: programs that ignore SIGHUP, and the end of the recording, take their time.
      yield* Effect.onInterrupt(Fiber.join(running), () =>
        Effect.all(
          [Fiber.interrupt(running), Effect.flatMap(endReason, (reason) => tell(`the session has ended: ${reason}`))],
          { concurrency: "unbounded", discard: true },
        ),
      )
    }, Effect.scoped)

    const start = Effect.fnUntraced(function* (connection: Connection, request: SessionRequest) {
      const setting = { node, cluster, mode: yield* mode, enhanced: yield* enhanced.isOn }
      const info = yield* describeSession(connection, request, setting)
      const accepted = Effect.map(request.accept, (channel): Asked => ({ info, connection, request, channel }))
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

    return AgentSessions.of({
      serve: (connection) =>
        Effect.all(
          [
            Stream.runForEach(connection.sessions, (request) => start(connection, request)),
            forwarding.serve(connection),
          ],
          { concurrency: "unbounded", discard: true },
        ).pipe(Effect.zipRight(connection.closed)),
    })
  })
