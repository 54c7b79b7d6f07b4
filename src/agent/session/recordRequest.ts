import { Effect, Option } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { SessionChannel } from "../../ssh/SessionChannel.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import { EnhancedRecording } from "../enhanced/EnhancedRecording.ts"
import { forwardedAgent } from "../forwarding/forwardedAgent.ts"
import type { Gate } from "../terminal/internal/launch.ts"
import type { LoginUser } from "../terminal/LoginUser.ts"
import type { CertifiedLogin } from "./CertifiedLogin.ts"
import { lost } from "./farewell.ts"
import { openTerminal } from "./openTerminal.ts"
import { RecordedSession } from "./RecordedSession.ts"
import { parseEndpoint } from "./remoteEndpoint.ts"
import { sessionClient } from "./sessionClient.ts"

/** A shell or a command that a client asked for, and for whom it is. */
export interface RecordedRequest {
  readonly info: SessionInfo & { readonly sessionId: SessionId }
  readonly connection: SshConnection<CertifiedLogin>
  readonly request: SessionRequest
  readonly channel: SessionChannel
  readonly user: LoginUser
  /** Run once its program runs. */
  readonly onBegin: Effect.Effect<void>
}

/** Runs a shell or a command, recorded as the session's mode says, and tells the client how it ended. */
export const recordRequest = Effect.fn("AgentSessions.record")(function* (about: RecordedRequest) {
  const { info, connection, request, channel, user } = about
  const recorded = yield* RecordedSession
  const enhanced = yield* EnhancedRecording
  const terminal = Effect.fnUntraced(function* (gate: Option.Option<Gate>) {
    const agentSocket = yield* forwardedAgent(connection, request, user)
    const client = parseEndpoint(info.remoteAddress)
    const opened = yield* openTerminal(request, { user, sessionId: info.sessionId, client, agentSocket, gate })
    yield* about.onBegin
    return opened
  })
  const watched = info.enhanced ? Option.some(yield* enhanced.watch(info)) : Option.none()
  const gate = Option.map(watched, ({ gate }) => gate)
  const observation = Option.map(watched, ({ observation }) => observation)
  const end = yield* recorded.run(info, sessionClient(channel), terminal(gate), observation)
  yield* channel.exit(end.exit ?? lost)
}, Effect.scoped)
