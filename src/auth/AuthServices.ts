import { Layer, type Option } from "effect"
import { Callers } from "./access/Callers.ts"
import { UsedTokens } from "./access/UsedTokens.ts"
import { AuditLog } from "./audit/AuditLog.ts"
import { SessionHubs } from "./hubs/SessionHubs.ts"
import { CredentialIssuer } from "./identities/CredentialIssuer.ts"
import { FailedLogins } from "./identities/FailedLogins.ts"
import { Logins } from "./identities/Logins.ts"
import { LoginThrottle } from "./identities/LoginThrottle.ts"
import { Passwords } from "./identities/Passwords.ts"
import { SecondFactors } from "./identities/SecondFactors.ts"
import { Users } from "./identities/Users.ts"
import { CertificateIssuer } from "./keys/CertificateIssuer.ts"
import { ClusterDescription } from "./keys/ClusterDescription.ts"
import { ClusterKeys } from "./keys/ClusterKeys.ts"
import { UserAuthority } from "./keys/UserAuthority.ts"
import { Locks } from "./locks/Locks.ts"
import { JoinTokens } from "./nodes/JoinTokens.ts"
import { Nodes } from "./nodes/Nodes.ts"
import { OpensshNodes } from "./nodes/OpensshNodes.ts"
import { LegalHold } from "./recordings/LegalHold.ts"
import { Recordings } from "./recordings/Recordings.ts"
import { Roles } from "./roles/Roles.ts"
import { NodeReports } from "./sessions/NodeReports.ts"
import { Sessions } from "./sessions/Sessions.ts"
import { Settings } from "./settings/Settings.ts"

const features = Layer.mergeAll(Callers.layer, Logins.layer, NodeReports.layer).pipe(
  Layer.provideMerge(Layer.mergeAll(Nodes.layer, OpensshNodes.layer, Users.layer, Locks.layer, CredentialIssuer.layer)),
  Layer.provideMerge(Layer.merge(Sessions.layer, LegalHold.layer)),
  Layer.provideMerge(Recordings.layer),
  Layer.provideMerge(Layer.mergeAll(Settings.layer, JoinTokens.layer, ClusterDescription.layer, Roles.layer)),
  Layer.provideMerge(
    Layer.mergeAll(
      CertificateIssuer.layer,
      UserAuthority.layer,
      LoginThrottle.layer,
      FailedLogins.layer,
      SecondFactors.layer,
    ),
  ),
)

/** All services of the hub's auth part on a database; `passwords` may be cheaper in tests. */
export const layerAuthServices = (
  clusterName: Option.Option<string>,
  passwords: Layer.Layer<Passwords> = Passwords.layer,
) =>
  features.pipe(
    Layer.provideMerge(Layer.mergeAll(AuditLog.layer, SessionHubs.layer, UsedTokens.layer)),
    Layer.provideMerge(Layer.merge(ClusterKeys.layer(clusterName), passwords)),
  )
