import { Effect } from "effect"
import type { SessionId } from "../../domain/Identifiers.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import type { SessionChannel } from "../../ssh/SessionChannel.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import { AuditReports } from "../audit/AuditReports.ts"
import type { MachineLogin } from "../machine/Machine.ts"
import { auditedResizes } from "./auditedResizes.ts"
import { lost } from "./farewell.ts"
import { RecordedSession } from "./RecordedSession.ts"
import { sessionClient } from "./sessionClient.ts"

/** A shell or a command that a client asked for, and the login that it is for. */
export interface RecordedRequest {
  readonly info: SessionInfo & { readonly sessionId: SessionId }
  readonly request: SessionRequest
  readonly channel: SessionChannel
  readonly login: MachineLogin
  /** Run once its program runs. */
  readonly onBegin: Effect.Effect<void>
}

/** Runs a shell or a command, recorded as the session's mode says, and tells the client how it ended. */
export const recordRequest = Effect.fn("NodeSessions.record")(function* (about: RecordedRequest) {
  const { info, request, channel, login, onBegin } = about
  const recorded = yield* RecordedSession
  const { terminal, observation } = yield* login.program(info, request)
  const begun = Effect.tap(terminal, () => onBegin)
  const resizes = yield* auditedResizes(yield* AuditReports, info, channel.resizes)
  const end = yield* recorded.run(info, { ...sessionClient(channel), resizes }, begun, observation)
  yield* channel.exit(end.exit ?? lost)
}, Effect.scoped)
