import type { Identity } from "./IdentityFile.ts"

/** Who an identity is, where, and until when: lines for `status`. */
export const describeIdentity = ({ hub, credentials }: Identity): ReadonlyArray<string> => [
  `User:     ${credentials.user}`,
  `Cluster:  ${credentials.cluster.cluster}`,
  `Hub:      ${hub}`,
  `Roles:    ${credentials.roles.join(", ") || "none"}`,
  `Logins:   ${credentials.logins.join(", ") || "none"}`,
  `Expires:  ${credentials.expires_at}`,
]
