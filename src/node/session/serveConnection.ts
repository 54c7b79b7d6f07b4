import type { KeyObject } from "node:crypto"
import type { Duplex } from "node:stream"
import { Effect } from "effect"
import { auditEvent } from "../../domain/AuditEvent.ts"
import { parseCertificateLine } from "../../ssh/OpenSshCertificate.ts"
import { parsePublicKeyLine, publicKeyBlob } from "../../ssh/OpenSshKey.ts"
import type { SshConnection } from "../../ssh/SshConnection.ts"
import type { AuthRejected } from "../../ssh/SshError.ts"
import * as SshServer from "../../ssh/SshServer.ts"
import { AccessControl } from "../access/AccessControl.ts"
import { AuditReports } from "../audit/AuditReports.ts"
import { type CertifiedLogin, certifiedLogin } from "./CertifiedLogin.ts"
import { endWhenOver } from "./endWhenOver.ts"
import type { IncomingConnection } from "./IncomingConnection.ts"
import { NodeSessions } from "./NodeSessions.ts"

/** A client that does not read is told nothing. */
const cutting = (connection: SshConnection<CertifiedLogin>, transport: Duplex) => (reason: string) =>
  connection
    .disconnect(reason)
    .pipe(Effect.timeout("500 millis"), Effect.ignore, Effect.ensuring(Effect.sync(() => transport.destroy())))

/** What a node proves itself with, and knows users by. */
export interface NodeKeys {
  /** An Ed25519 private key. */
  readonly hostKey: KeyObject
  /** The cluster's certificate for it, in OpenSSH's form. */
  readonly hostCertificate: string
  /** The cluster's user authority: `ssh-ed25519 AAAA…`. */
  readonly userCa: string
}

/** Ends one SSH connection that came through the hub, and runs its sessions. */
export const serveConnection = Effect.fn("Node.serveConnection")(
  function* (incoming: IncomingConnection, keys: NodeKeys) {
    const [sessions, access] = [yield* NodeSessions, yield* AccessControl]
    const reports = yield* AuditReports
    const authority = publicKeyBlob(yield* parsePublicKeyLine(keys.userCa))
    const certificate = yield* parseCertificateLine(keys.hostCertificate)

    const login = (attempt: SshServer.AuthenticationAttempt) =>
      Effect.tap(certifiedLogin(attempt, { authority, grant: incoming.grant }), access.check)

    const authenticate = (attempt: SshServer.AuthenticationAttempt) =>
      Effect.tapError(login(attempt), (rejected: AuthRejected) =>
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
      hostKey: { privateKey: keys.hostKey, certificate },
      authenticate,
      remoteAddress: incoming.remoteAddress,
    })
    const cut = cutting(connection, incoming.transport)
    const shutOut = yield* access.hold({ ...connection.identity, cut })
    const over = endWhenOver({ identity: connection.identity, disconnect: cut })
    yield* Effect.raceFirst(sessions.serve(connection), Effect.raceFirst(shutOut, over))
    yield* connection.closed
  },
  Effect.catchTags({
    SshConnectionError: ({ message }) => Effect.logInfo(`no connection: ${message}`),
    SshFormatError: ({ message }) => Effect.logError(`the node's own keys cannot be used: ${message}`),
  }),
  (effect, incoming) => Effect.annotateLogs(effect, { connection: incoming.connectionId }),
)
