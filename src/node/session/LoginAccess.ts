import { Duration, Option } from "effect"
import type { AccessGrant } from "../../domain/AccessGrant.ts"
import type { OpenSshCertificate } from "../../ssh/OpenSshCertificate.ts"

/** What one connection may be used for, beyond shells and commands: what both the hub's grant and the certificate permit. */
export interface LoginAccess {
  readonly portForwarding: boolean
  readonly fileTransfer: boolean
  readonly agentForwarding: boolean
  /** After this long a session is ended; none: never for its age. */
  readonly sessionTtl: Option.Option<Duration.Duration>
}

/** Holds the hub's grant against the certificate's extensions (PROTOCOL.certkeys), of which file transfer has none. */
export const loginAccess = (certificate: OpenSshCertificate, grant: AccessGrant): LoginAccess => ({
  portForwarding: grant.portForwarding && certificate.extensions.has("permit-port-forwarding"),
  fileTransfer: grant.fileTransfer,
  agentForwarding: grant.agentForwarding && certificate.extensions.has("permit-agent-forwarding"),
  sessionTtl: Option.map(Option.fromNullable(grant.sessionTtlMs), Duration.millis),
})
