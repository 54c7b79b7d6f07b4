import { Duration, Effect, Option } from "effect"
import type { SessionInfo } from "../../domain/SessionInfo.ts"
import { SessionRegistry } from "../../session/SessionRegistry.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import type { CertifiedLogin } from "./CertifiedLogin.ts"

/** What of a connection matters here. */
type Timed = Pick<SshConnection<CertifiedLogin>, "identity" | "disconnect">

/** The bytes of a certificate are those that this one client sent: no other connection's sessions bear the same buffer. */
const isOf =
  ({ identity }: Timed) =>
  ({ userCertificate }: SessionInfo): boolean =>
    userCertificate === identity.certificate.blob

/**
 * Once the time is over that the user's roles give a session, ends all of the connection's, each with a line that its user reads,
 * and then the connection with whatever it forwards. The time counts from the connection's start.
 */
export const endWhenOver = Effect.fn("Agent.endWhenOver")(function* (connection: Timed) {
  const registry = yield* SessionRegistry
  const { sessionTtl } = connection.identity.access
  if (Option.isNone(sessionTtl)) return yield* Effect.never
  yield* Effect.sleep(sessionTtl.value)
  const reason = `it has lasted ${Duration.format(sessionTtl.value)}, as long as your roles allow`
  yield* registry.end(isOf(connection), reason)
  yield* connection.disconnect(reason)
})
