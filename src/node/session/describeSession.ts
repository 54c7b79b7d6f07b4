import { randomUUID } from "node:crypto"
import { Clock, Effect, Option } from "effect"
import { SessionId } from "../../domain/Identifiers.ts"
import type { ChosenMode } from "../../domain/RecordingMode.ts"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { version } from "../../domain/version.ts"
import type { SessionRequest } from "../../ssh/SessionRequest.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import type { CertifiedLogin } from "./CertifiedLogin.ts"
import { commandOf } from "./commandOf.ts"

/** What is the same for every session that begins now on this node. */
export interface SessionSetting {
  readonly node: string
  readonly cluster: string
  readonly mode: ChosenMode
  readonly enhanced: boolean
}

const terminalOf = ({ pty }: SessionRequest): Pick<SessionInfo, "terminal"> =>
  Option.match(pty, {
    onNone: () => ({}),
    onSome: ({ term, size }) => ({ terminal: { cols: size.cols, rows: size.rows, term } }),
  })

/** Who asks for what, under a new id. */
export const describeSession = (
  { identity, remoteAddress }: SshConnection<CertifiedLogin>,
  request: SessionRequest,
  { node, cluster, mode, enhanced }: SessionSetting,
) =>
  Effect.map(Clock.currentTimeMillis, (startedAtMs) => ({
    sessionId: SessionId.make(randomUUID()),
    cluster,
    user: identity.user,
    login: identity.login,
    node,
    remoteAddress,
    startedAtMs,
    command: commandOf(request),
    mode: mode.mode,
    modeSource: mode.source,
    programVersion: version,
    userCertificate: identity.certificate.blob,
    enhanced,
    ...terminalOf(request),
  }))
