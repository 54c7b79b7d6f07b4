import { Effect } from "effect"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { parseCertificateLine } from "../../ssh/OpenSshCertificate.ts"
import { parsePublicKeyLine, publicKeyBlob } from "../../ssh/OpenSshKey.ts"
import type { AuthRejected } from "../../ssh/SshError.ts"
import * as SshServer from "../../ssh/SshServer.ts"
import { AuditReports } from "../audit/AuditReports.ts"
import * as Identity from "../identity/NodeIdentity.ts"
import type { IncomingConnection } from "../tunnel/IncomingConnection.ts"
import { AgentSessions } from "./AgentSessions.ts"
import { certifiedLogin } from "./CertifiedLogin.ts"
import { endWhenOver } from "./endWhenOver.ts"

/** Ends one SSH connection that came through the hub, and runs its sessions. */
export const serveConnection = Effect.fn("Agent.serveConnection")(
  function* (incoming: IncomingConnection, identity: Identity.NodeIdentity) {
    const sessions = yield* AgentSessions
    const reports = yield* AuditReports
    const authority = publicKeyBlob(yield* parsePublicKeyLine(identity.cluster.user_ca))
    const certificate = yield* parseCertificateLine(identity.host_certificate)

    const authenticate = (attempt: SshServer.AuthenticationAttempt) =>
      Effect.tapError(certifiedLogin(attempt, { authority, grant: incoming.grant }), (rejected: AuthRejected) =>
        Effect.zipRight(
          Effect.logWarning(`refused: ${rejected.message}`),
          reports.tell(
            auditEvent("session.rejected", {
              user: attempt.certificate.keyId,
              login: attempt.username,
              remote_address: incoming.remoteAddress,
              detail: { reason: rejected.message },
            }),
          ),
        ),
      )

    const connection = yield* SshServer.serve(incoming.transport, {
      hostKey: { privateKey: Identity.privateKey(identity.host_key), certificate },
      authenticate,
      remoteAddress: incoming.remoteAddress,
    })
    yield* Effect.raceFirst(sessions.serve(connection), endWhenOver(connection))
  },
  Effect.catchTags({
    SshConnectionError: ({ message }) => Effect.logInfo(`no connection: ${message}`),
    SshFormatError: ({ message }) => Effect.logError(`the agent's own keys cannot be used: ${message}`),
  }),
  (effect, incoming) => Effect.annotateLogs(effect, { connection: incoming.connectionId }),
)
