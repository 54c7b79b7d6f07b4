import { randomUUID } from "node:crypto"
import { Clock, Context, Effect, Fiber, Layer, Option, Ref, Stream } from "effect"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { SessionId } from "../../domain/Identifiers.ts"
import type { ChosenMode } from "../../domain/RecordingMode.ts"
import type { Exit } from "../../domain/SessionEnd.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { version } from "../../domain/version.ts"
import { EndReason } from "../../session/EndReason.ts"
import { ClientGone, type SessionClient } from "../../session/SessionClient.ts"
import { SessionRegistry } from "../../session/SessionRegistry.ts"
import type { SessionChannel } from "../../ssh/SessionChannel.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import { AuditReports } from "../audit/AuditReports.ts"
import { EnhancedRecording } from "../enhanced/EnhancedRecording.ts"
import { forwardedAgent } from "../forwarding/forwardedAgent.ts"
import { PortForwarding } from "../forwarding/PortForwarding.ts"
import type { Gate } from "../terminal/internal/launch.ts"
import { LoginUser } from "../terminal/LoginUser.ts"
import type { CertifiedLogin } from "./CertifiedLogin.ts"
import { Drain } from "./Drain.ts"
import { commandOf, openTerminal } from "./openTerminal.ts"
import { RecordedSession } from "./RecordedSession.ts"
import { parseEndpoint } from "./remoteEndpoint.ts"
import { notice } from "./sessionMessages.ts"

export interface AgentSessionsOptions {
  readonly node: string
  readonly cluster: string
  /** The mode of a session that begins now. */
  readonly mode: Effect.Effect<ChosenMode>
}

type Connection = SshConnection<CertifiedLogin>

/** What ssh(1) ends with when a connection is lost: so it does when a recording is. */
const lost: Exit = { _tag: "Code", code: 255 }

/** What a program ends with that could not do its work. */
const failed: Exit = { _tag: "Code", code: 1 }

const farewellLimit = "2 seconds"

const subsystemRefusal = (name: string) => ({
  shown:
    name === "sftp" ? "this node has no sftp yet; scp -O and rsync work" : "this node does not have that subsystem",
  reason: `the subsystem "${name.slice(0, 64)}" is not available on this node`,
})

/** Runs what the clients of SSH connections ask for, each as a recorded session. */
export class AgentSessions extends Context.Tag("mezite/agent/AgentSessions")<
  AgentSessions,
  {
    /** Serves a connection's sessions until it is closed. */
    readonly serve: (connection: Connection) => Effect.Effect<void>
  }
>() {
  static readonly layer = (
    options: AgentSessionsOptions,
  ): Layer.Layer<
    AgentSessions,
    never,
    RecordedSession | EnhancedRecording | SessionRegistry | AuditReports | PortForwarding | Drain
  > => Layer.effect(AgentSessions, make(options))
}

const make = ({ node, cluster, mode }: AgentSessionsOptions) =>
  Effect.gen(function* () {
    const recorded = yield* RecordedSession
    const registry = yield* SessionRegistry
    const reports = yield* AuditReports
    const drain = yield* Drain
    const forwarding = yield* PortForwarding
    const enhanced = yield* EnhancedRecording

    const describe = Effect.fnUntraced(function* (connection: Connection, request: SessionRequest) {
      const { mode: chosen, source } = yield* mode
      return {
        sessionId: SessionId.make(randomUUID()),
        cluster,
        user: connection.identity.user,
        login: connection.identity.login,
        node,
        remoteAddress: connection.remoteAddress,
        startedAtMs: yield* Clock.currentTimeMillis,
        command: commandOf(request),
        mode: chosen,
        modeSource: source,
        programVersion: version,
        userCertificate: connection.identity.certificate.blob,
        enhanced: yield* enhanced.isOn,
        ...terminalOf(request),
      }
    })

    const run = (info: SessionInfo & { sessionId: SessionId }, connection: Connection, request: SessionRequest) =>
      Effect.gen(function* () {
        const channel = yield* request.accept
        const onTerminal = info.terminal !== undefined
        const tell = (text: string) => farewell(channel, notice(text, onTerminal))
        const notices = yield* drain.notices
        yield* Effect.forkScoped(
          Stream.runForEach(notices, (text) => Effect.ignore(channel.writeStderr(notice(text, onTerminal)))),
        )
        let began = false
        const terminal = Effect.fnUntraced(function* (user: LoginUser, gate: Option.Option<Gate>) {
          const agentSocket = yield* forwardedAgent(connection, request, user)
          const opened = yield* openTerminal(request, {
            user,
            sessionId: info.sessionId,
            client: parseEndpoint(info.remoteAddress),
            agentSocket,
            gate,
          })
          began = true
          return opened
        })
        const record = Effect.fnUntraced(function* (user: LoginUser) {
          const watched = info.enhanced ? Option.some(yield* enhanced.watch(info)) : Option.none()
          const gate = Option.map(watched, ({ gate }) => gate)
          const observation = Option.map(watched, ({ observation }) => observation)
          return yield* recorded.run(info, clientOf(channel), terminal(user, gate), observation)
        }, Effect.scoped)
        // Before anything is recorded: whom this machine does not let in has no session.
        const session = LoginUser.find(info.login).pipe(
          Effect.flatMap(record),
          Effect.matchEffect({
            onSuccess: (end) => channel.exit(end.exit ?? lost),
            onFailure: (error) =>
              Effect.gen(function* () {
                const text = error._tag === "RecordingLost" ? `the session has ended: ${error.message}` : error.message
                yield* Effect.logWarning(text)
                if (!began) yield* reports.tell(rejectedEvent(info, error.message))
                yield* tell(text)
              }),
          }),
          Effect.tapDefect((cause) =>
            Effect.zipRight(Effect.logError("a session failed", cause), tell("the agent failed; its log tells why")),
          ),
        )
        const running = yield* Effect.fork(session)
        // At once: programs that ignore SIGHUP, and the end of the recording, take their time.
        yield* Effect.onInterrupt(Fiber.join(running), () =>
          Effect.all(
            [Fiber.interrupt(running), Effect.flatMap(endReason, (reason) => tell(`the session has ended: ${reason}`))],
            { concurrency: "unbounded", discard: true },
          ),
        )
      }).pipe(Effect.scoped)

    /** The channel is accepted only so that the user learns why. */
    const refuse = Effect.fnUntraced(function* (
      info: SessionInfo,
      request: SessionRequest,
      { shown, reason }: { readonly shown: string; readonly reason: string },
      exit = failed,
    ) {
      const channel = yield* request.accept
      yield* Effect.logWarning(`refused: ${reason}`)
      yield* reports.tell(rejectedEvent(info, reason))
      yield* farewell(channel, notice(shown, false), exit)
    })

    const start = Effect.fnUntraced(function* (connection: Connection, request: SessionRequest) {
      const info = yield* describe(connection, request)
      const session =
        request.kind._tag === "Subsystem"
          ? refuse(info, request, subsystemRefusal(request.kind.name))
          : run(info, connection, request)
      // Not as a session: those that end are waited for.
      yield* Effect.matchEffect(drain.check, {
        onSuccess: () => registry.start(info, session),
        onFailure: ({ message }) => Effect.fork(refuse(info, request, { shown: message, reason: message }, lost)),
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

/** Tells the user why the session is over, and ends it. A client that reads nothing is not waited for. */
const farewell = (channel: SessionChannel, line: Uint8Array, exit = lost) =>
  Effect.ignore(channel.writeStderr(line)).pipe(
    Effect.zipRight(channel.exit(exit)),
    Effect.interruptible,
    Effect.timeout(farewellLimit),
    Effect.ignore,
  )

const endReason = Effect.flatMap(EndReason, Ref.get).pipe(Effect.map(Option.getOrElse(() => "the agent stopped")))

const terminalOf = ({ pty }: SessionRequest): Pick<SessionInfo, "terminal"> =>
  Option.match(pty, {
    onNone: () => ({}),
    onSome: ({ term, size }) => ({ terminal: { cols: size.cols, rows: size.rows, term } }),
  })

const rejectedEvent = (info: SessionInfo, reason: string) =>
  auditEvent("session.rejected", {
    user: info.user,
    session_id: info.sessionId,
    login: info.login,
    remote_address: info.remoteAddress,
    detail: { reason },
  })

/** The client as the session pipeline knows it. */
const clientOf = (channel: SessionChannel): SessionClient => {
  const gone = Effect.mapError(() => new ClientGone())
  return {
    input: channel.input,
    write: (bytes) => gone(channel.write(bytes)),
    writeStderr: (bytes) => gone(channel.writeStderr(bytes)),
    resizes: channel.resizes,
    signals: channel.signals,
    closed: channel.closed,
  }
}
